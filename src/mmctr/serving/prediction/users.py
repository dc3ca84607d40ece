"""Users of a log that is scored, found by a hash of their ids."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from mmctr.data.column_kinds import TEXTS, is_any
from mmctr.data.preparation.ordering import id_hashes

_AT_ONCE = 2**18
"""Ids hashed at a time: texts are large meanwhile."""


def user_keys(users: pa.ChunkedArray) -> np.ndarray:
    """Spread users over 64 bits: ``[R]`` uint64; 0 for one without an id."""
    array = users.combine_chunks()
    nothing = "" if is_any(array.type, TEXTS) else 0
    keys = id_hashes(array.fill_null(nothing))
    keys[keys == 0] = 1  # the user 0 has an id
    keys[array.is_null().to_numpy(zero_copy_only=False)] = 0
    return keys


@dataclass(frozen=True)
class UserIndex:
    """Finds users; 16 bytes each, whatever their ids are.

    Attributes:
        keys: ``[U]`` uint64, ascending.
        places: ``[U]`` int64, where each was.
    """

    keys: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, users: pa.ChunkedArray) -> Self:
        """Index users, each once."""
        pieces = [
            user_keys(users.slice(start, _AT_ONCE))
            for start in range(0, len(users), _AT_ONCE)
        ]
        keys = np.concatenate([np.zeros(0, np.uint64), *pieces])
        places = np.argsort(keys)
        return cls(keys[places], places)

    def find(self, keys: np.ndarray) -> np.ndarray:
        """Find the places of users by their keys: ``[R]`` int64, -1 if unknown."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        near = np.searchsorted(self.keys, keys)
        near[near == len(self.keys)] = 0
        return np.where(self.keys[near] == keys, self.places[near], -1)


@dataclass(frozen=True)
class UserColumns:
    """Columns of users.

    Attributes:
        index: Finds their rows.
        kind: Of their ids.
        columns: One row per user.
    """

    index: UserIndex
    kind: pa.DataType
    columns: pa.Table

    @classmethod
    def of(cls, users: pa.Table, wanted: Collection[str]) -> Self:
        """Keep those columns of a table of users that are fields."""
        names = [x for x in users.column_names if x != "user_id" and x in wanted]
        ids = users["user_id"]
        return cls(UserIndex.of(ids), ids.type, users.select(names).combine_chunks())

    def take(
        self, ids: pa.ChunkedArray, keys: np.ndarray, place: str
    ) -> Mapping[str, pa.ChunkedArray]:
        """Columns of rows by the keys of their users; null for an unknown one.

        Args:
            ids: ``[R]``, for their type.
            keys: ``[R]`` uint64.
            place: The log's file, for messages.

        Raises:
            ValueError: If ids are of another type.
        """
        if ids.type != self.kind:
            raise ValueError(
                f"user_id is {ids.type} in {place} and {self.kind} in the table of "
                "users; write both as numbers or both as text"
            )
        places = self.index.find(keys)
        taken = pa.array(places, mask=places < 0)
        return {
            name: self.columns[name].take(taken) for name in self.columns.schema.names
        }
