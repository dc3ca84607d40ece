"""What the manifest records of the artifacts that a report is about."""

from dataclasses import dataclass, field
from typing import Any, Self

OWN = frozenset({"report", "model_card"})
"""Made from the record, which therefore has those of an earlier run."""

_EXPERIMENTS = ("ablation", "tuning", "sample_")


@dataclass(frozen=True)
class Record:
    """The manifest during a run: everything that was made before."""

    dataset: str = "unknown"
    raw_dir: str = ""
    seed: int | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str | None] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    """Dotted name -> value, for all artifacts but those of experiments."""
    mixed: tuple[str, ...] = ()
    """Parameters that have different values in two artifacts."""

    @classmethod
    def of(cls, manifest: dict[str, Any] | None) -> Self:
        """Read a manifest, which may be None or empty."""
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
        """Whether an artifact was made from other inputs than those of now."""
        had = self.made.get(artifact, {}).get("inputs", {})
        return any(
            had.get(name) and self.outputs.get(name) and had[name] != self.outputs[name]
            for name in inputs
        )

    def computations(self) -> dict[str, dict[str, Any]]:
        """Threads and kernels, by the node that trained or predicted."""
        entries = self.made.values()
        return {x["node"]: x["computation"] for x in entries if "computation" in x}

    def nested(self) -> dict[str, Any]:
        """Nest the parameters by section, as in a file for ``--config``."""
        tree: dict[str, Any] = {}
        for name, value in sorted(self.parameters.items()):
            *path, last = name.split(".")
            branch = tree
            for part in path:
                branch = branch.setdefault(part, {})
            branch[last] = value
        return tree
