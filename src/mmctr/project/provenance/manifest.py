"""The record of a data set's artifacts: what they are and what they were made of."""

from typing import Any, NotRequired, Self

from pydantic import Field, ValidationError
from typing_extensions import TypedDict

from mmctr.runtime.params import Params


class Made(TypedDict):
    """What an artifact was made of."""

    node: str
    at: NotRequired[str]
    commit: NotRequired[str | None]
    parameters: dict[str, Any]
    """Those that its node read."""
    inputs: dict[str, Any]
    """Hashes at that time."""
    computation: NotRequired[dict[str, Any]]
    """Of a training: threads and kernels."""


class RememberedFile(TypedDict):
    """What :class:`~mmctr.runtime.hashing.FileHashes` remembers of a file."""

    stamp: str
    sha256: str
    at_ns: int


class Manifest(Params):
    """What ``data/08_reporting/<dataset>/manifest.json`` holds."""

    outputs: dict[str, str] = Field(default_factory=dict)
    """Hash of every artifact's content, by its name in the catalog; of a folder also
    that of each file, by ``NAME/FILE``."""
    inputs: dict[str, str] = Field(default_factory=dict)
    """Hash of every raw file, by path."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """The whole tree of the latest run."""
    versions: dict[str, str | None] = Field(default_factory=dict)
    """Of the code and its libraries in the latest run."""
    seed: int | None = None
    """Of the latest run."""
    made: dict[str, Made] = Field(default_factory=dict)
    """By artifact."""
    files: dict[str, RememberedFile] = Field(default_factory=dict)

    @classmethod
    def from_json(cls, content: Any) -> Self:
        """Read the file's content.

        Raises:
            ValueError: If it is no manifest.
        """
        try:
            return cls.model_validate(content)
        except ValidationError:
            raise ValueError("not as a run writes it") from None

    def record(self, hashes: dict[str, str], entry: Made) -> None:
        """Note what a node has just made; entries of other artifacts stay.

        Args:
            hashes: Hash of each of its outputs.
            entry: What they were made of, as in ``made``.
        """
        for name in [x for x in self.outputs if x.partition("/")[0] in hashes]:
            del self.outputs[name]
        self.outputs.update(hashes)
        names = [name for name in hashes if "/" not in name]
        self.made.update(dict.fromkeys(names, entry))
