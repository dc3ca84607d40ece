"""A loaded bundle, and what requests may name of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mmctr.data.fields.params import Side
from mmctr.data.fields.state import FieldState
from mmctr.runtime.hashing import content_hash
from mmctr.runtime.sealed_folder import MANIFEST
from mmctr.serving.errors import BundleError, RequestError
from mmctr.serving.facts import BundleFacts
from mmctr.serving.scorer import Scorer, Unknown

_TRIES = 5
_TIMESTAMP = "timestamp"

Signature = tuple[tuple[str, int, int, int], ...]
"""Name, inode, time of change and size of every file."""


@dataclass(frozen=True)
class ServedBundle:
    """A bundle in memory.

    Attributes:
        scorer: What answers; items may be added to it.
        digest: sha256 of the manifest, which has those of all other files.
        signature: Of the folder when it was loaded.
        facts: What it says of itself.
        fields: Of items, users and rows.
        item_type: Of item ids, ``int`` or ``str``.
    """

    scorer: Scorer
    digest: str
    signature: Signature
    facts: BundleFacts
    fields: FieldState
    item_type: type

    @classmethod
    def load(cls, path: Path, unknown: Unknown) -> Self:
        """Load a folder; again, if it was replaced meanwhile.

        Raises:
            BundleError: If it is no bundle, damaged, or changes all the time.
        """
        for _ in range(_TRIES):
            before = signature_of(path)
            scorer = Scorer.load(path, unknown=unknown)
            try:
                made = cls(
                    scorer=scorer,
                    digest=content_hash(path / MANIFEST),
                    signature=before,
                    facts=BundleFacts.model_validate(
                        json.loads((path / "bundle.json").read_text("utf-8"))
                    ),
                    fields=FieldState.model_validate_json(
                        (path / "fields.json").read_text("utf-8")
                    ),
                    item_type=type(scorer.items[0]),
                )
            except (OSError, ValueError):
                continue  # replaced since
            if signature_of(path) == before:
                return made
        raise BundleError(f"bundle {path} changes while it is read; replace it once")

    def columns(self, side: Side) -> set[str]:
        """What users, rows or items may have."""
        known = {field.column for field in self.fields.of(side)}
        if side == "user":
            return known | {"user_id"}
        if side == "row":
            return known | {_TIMESTAMP}
        for name, own in self.facts.modalities.items():
            known |= {own.params.column, f"{name}_vector"}
        known |= {"item_id", "title", "tag", self.facts.fields.published_column}
        return {name for name in known if name is not None}

    def known_values(
        self, side: Side, given: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        """Split what a request says of a user or a row.

        Returns:
            What the model may read, and the names of the rest.

        Raises:
            RequestError: If a value is of no use for its field.
        """
        known = self.columns(side)
        kept = {name: value for name, value in given.items() if name in known}
        lists = {x.column for x in self.fields.of(side) if x.kind == "tags"}
        for name, value in kept.items():
            is_list = isinstance(value, list)
            if side == "user" and is_list and name not in lists:
                raise RequestError("expected one value, got a list", (side, name))
            values = value if is_list else [value]
            if name == _TIMESTAMP and any(type(x) is not int for x in values):
                raise RequestError("expected a whole number", (side, name))
        return kept, [f"{side}.{name}" for name in given if name not in known]

    def require_ids(self, where: str, ids: list[Any]) -> None:
        """Refuse ids of another type than the bundle's.

        Raises:
            RequestError: Naming the place of the first.
        """
        if all(type(x) is self.item_type for x in ids):
            return
        place = next(i for i, x in enumerate(ids) if type(x) is not self.item_type)
        raise RequestError(
            f"item ids of this bundle are {self.id_kind}s, as in the log",
            (where, place),
        )

    @property
    def id_kind(self) -> str:
        """The type of item ids in JSON's words."""
        return "integer" if self.item_type is int else "string"


def signature_of(path: Path) -> Signature:
    """What tells one state of a folder from another; empty if there is none."""
    found = []
    try:
        for file in sorted(path.rglob("*")):
            facts = file.stat()
            found.append(
                (file.as_posix(), facts.st_ino, facts.st_mtime_ns, facts.st_size)
            )
    except OSError:  # replaced at this moment
        return ()
    return tuple(found)
