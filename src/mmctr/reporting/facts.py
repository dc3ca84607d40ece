"""What the manifest knows of the artifacts that a report is about."""

from dataclasses import dataclass, field
from typing import Any, Self

OWN = frozenset({"report", "model_card"})
"""Made from the record itself, so that what it says of them is of an earlier run."""

_EXPERIMENTS = ("ablation", "tuning", "sample_")


@dataclass(frozen=True)
class Record:
    """The manifest while a run goes on: all that was made before now."""

    dataset: str = "unknown"
    raw_dir: str = ""
    seed: int | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str | None] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    """By dotted name: what the artifacts of a run, experiments left out, depend on."""
    mixed: tuple[str, ...] = ()
    """Parameters that two artifacts were made with different values of."""

    @classmethod
    def of(cls, manifest: dict[str, Any] | None) -> Self:
        """Read a manifest; None, or an empty one, knows nothing."""
        if not manifest:
            return cls()
        made = {k: v for k, v in manifest["made"].items() if k not in OWN}
        parameters: dict[str, Any] = {}
        mixed = set()
        for artifact, entry in made.items():
            if artifact.startswith(_EXPERIMENTS):
                continue
            for name, value in entry["parameters"].items():
                if parameters.setdefault(name, value) != value:
                    mixed.add(name)
        tree = manifest["parameters"]
        return cls(
            dataset=str(tree.get("dataset", "unknown")),
            raw_dir=str(tree.get("raw_dir", "")),
            seed=manifest["seed"],
            outputs={k: v for k, v in manifest["outputs"].items() if k not in OWN},
            inputs=manifest["inputs"],
            versions=manifest["versions"],
            made=made,
            parameters=parameters,
            mixed=tuple(sorted(mixed)),
        )

    def differs(self, artifact: str, inputs: tuple[str, ...]) -> bool:
        """Whether an artifact's making had other inputs than those there are now."""
        had = self.made.get(artifact, {}).get("inputs", {})
        return any(
            had.get(name) and self.outputs.get(name) and had[name] != self.outputs[name]
            for name in inputs
        )

    def nested(self) -> dict[str, Any]:
        """Give the parameters as a tree, as ``--config`` takes them."""
        tree: dict[str, Any] = {}
        for name, value in sorted(self.parameters.items()):
            *path, last = name.split(".")
            branch = tree
            for part in path:
                branch = branch.setdefault(part, {})
            branch[last] = value
        return tree
