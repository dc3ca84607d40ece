"""The record of a data set's artifacts: what they are and what they were made of."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from mmctr.runtime.hashing import combined_hash

CODES = ("title_codes", "image_codes")
"""Artifacts that ``outputs`` also gives as one, ``codes``."""


@dataclass
class Manifest:
    """What ``data/08_reporting/<dataset>/manifest.json`` holds.

    Attributes:
        outputs: Hash of every artifact's content, by its name in the catalogue;
            ``codes`` is that of both modalities' codes.
        inputs: Hash of every raw file, by path.
        parameters: The whole tree of the latest run.
        versions: Of the code and its libraries in the latest run.
        seed: Of the latest run.
        made: By artifact: ``node``, ``at``, the ``parameters`` its node read, hashes
            of the ``inputs`` at that time, and the ``commit``.
        files: What :class:`~mmctr.runtime.hashing.FileHashes` remembers.
    """

    outputs: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str | None] = field(default_factory=dict)
    seed: int | None = None
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: Any) -> Self:
        """Read the file's content.

        Raises:
            ValueError: If it is no manifest.
        """
        try:
            manifest = cls(**content)
            parts = (manifest.outputs, manifest.inputs, manifest.made, manifest.files)
            known = (
                all(isinstance(part, dict) for part in parts)
                and all(_is_entry(entry) for entry in manifest.made.values())
                and all(_is_remembered(file) for file in manifest.files.values())
            )
        except TypeError:
            known = False
        if not known:
            raise ValueError("not as a run writes it")
        return manifest

    def to_json(self) -> dict[str, Any]:
        """Give the file's content."""
        return asdict(self)

    def record(self, hashes: dict[str, str], entry: dict[str, Any]) -> None:
        """Note what a node has just made; entries of other artifacts stay.

        Args:
            hashes: Hash of each of its outputs.
            entry: What they were made of, as in ``made``.
        """
        self.outputs.update(hashes)
        self.made.update(dict.fromkeys(hashes, entry))
        there = {name: self.outputs[name] for name in CODES if name in self.outputs}
        if there:
            self.outputs["codes"] = combined_hash(there)


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("node"), str)
        and isinstance(entry.get("parameters"), dict)
        and isinstance(entry.get("inputs"), dict)
    )


def _is_remembered(file: Any) -> bool:
    return (
        isinstance(file, dict)
        and {"stamp", "sha256"} <= set(file)
        and isinstance(file.get("at_ns"), int)
    )
