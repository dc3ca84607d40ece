"""The caller's item ids, and the numbers that the model knows them by."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

_SPARSEST = 8
"""Whole numbers that are spread over more than so many places each have no table."""


class ItemIds:
    """Ids of the source's own type; the item at place i has the number i + 1."""

    def __init__(self, ids: pa.ChunkedArray) -> None:
        """Index them once.

        Args:
            ids: Whole numbers or text, each once.
        """
        self.type = ids.type
        self._ids = ids.combine_chunks()
        self._find = _finder(self._ids)

    def __len__(self) -> int:
        """Number of items."""
        return len(self._ids)

    def as_array(self, ids: Sequence[Any] | np.ndarray | pa.Array) -> pa.Array:
        """Ids as an array of the source's type; null where there is none.

        Raises:
            ValueError: If they are of another type.
        """
        if isinstance(ids, pa.ChunkedArray):
            ids = ids.combine_chunks()
        if not isinstance(ids, pa.Array | np.ndarray | list):
            ids = list(ids)
        given = ids if isinstance(ids, pa.Array) else pa.array(ids)
        if not len(given) or pa.types.is_null(given.type):
            return pa.nulls(len(given), self.type)
        wrong = pa.types.is_integer(given.type) != pa.types.is_integer(self.type)
        if wrong or pa.types.is_nested(given.type):
            raise ValueError(
                f"item ids of this bundle are {self.type}, and got {given.type}, first "
                f"{given[0].as_py()!r}; give ids as the log had them"
            )
        return given if given.type == self.type else given.cast(self.type)

    def numbers(self, ids: Sequence[Any] | np.ndarray | pa.Array) -> np.ndarray:
        """Find items: ``[N]`` int64 numbers from 1, 0 for an unknown one."""
        array = self.as_array(ids)
        if not len(array):
            return np.zeros(0, np.int64)
        places = self._find(array)
        if array.null_count:
            places[array.is_null().to_numpy(zero_copy_only=False)] = 0
        return places

    def of(self, numbers: np.ndarray) -> list[Any]:
        """The ids of items by their number, which must be above 0."""
        return self._ids.take(pa.array(numbers - 1)).to_pylist()


def _finder(ids: pa.Array) -> Callable[[pa.Array], np.ndarray]:
    """What finds numbers of ids; those of nulls are any."""
    if pa.types.is_integer(ids.type):
        known = ids.to_numpy()
        least, span = int(known.min()), int(known.max()) - int(known.min()) + 1
        if span <= _SPARSEST * len(known):
            return partial(_in_table, _table(known - least, span), least)
    index = pd.Index(ids.to_pandas())
    index.get_indexer(index[:1])  # builds its table now, for threads
    return partial(_in_index, index)


def _table(places: np.ndarray, size: int) -> np.ndarray:
    """``[size + 1]`` numbers by place; 0 at the last, where nothing is."""
    table = np.zeros(size + 1, np.int64)
    table[places] = np.arange(1, len(places) + 1)
    return table


def _in_table(table: np.ndarray, least: int, given: pa.Array) -> np.ndarray:
    # A null would make floats of whole numbers, which are not exact.
    asked = (given.fill_null(0) if given.null_count else given).to_numpy()
    last = len(table) - 1
    inside = (asked >= least) & (asked < least + last)
    return table[np.where(inside, asked - least, last)]


def _in_index(index: pd.Index, given: pa.Array) -> np.ndarray:
    if pa.types.is_integer(given.type):
        filled = given.fill_null(0) if given.null_count else given
        asked = pd.Index(filled.to_numpy())
    else:
        asked = pd.Index(given.fill_null("").to_pandas())
    return index.get_indexer(asked).astype(np.int64) + 1
