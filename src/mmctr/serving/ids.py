"""The caller's item ids, and the numbers that the model knows them by."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


class ItemIds:
    """Ids of the source's own type; the item at place i has the number i + 1."""

    def __init__(self, ids: pa.ChunkedArray) -> None:
        """Index them once.

        Args:
            ids: Whole numbers or text, each once.
        """
        self.type = ids.type
        self._ids = ids.combine_chunks()
        self._index = pd.Index(self._ids.to_pandas())
        self._index.get_indexer(self._index[:1])  # builds its table now, for threads

    def __len__(self) -> int:
        """Number of items."""
        return len(self._index)

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
        return given.cast(self.type)

    def numbers(self, ids: Sequence[Any] | np.ndarray | pa.Array) -> np.ndarray:
        """Find items: ``[N]`` int64 numbers from 1, 0 for an unknown one."""
        array = self.as_array(ids)
        if not len(array):
            return np.zeros(0, np.int64)
        if pa.types.is_integer(array.type):
            # A null would make floats of whole numbers, which are not exact.
            filled = array.fill_null(0) if array.null_count else array
            given = pd.Index(filled.to_numpy())
        else:
            given = pd.Index(array.fill_null("").to_pandas())
        places = self._index.get_indexer(given).astype(np.int64) + 1
        if array.null_count:
            places[array.is_null().to_numpy(zero_copy_only=False)] = 0
        return places

    def of(self, numbers: np.ndarray) -> list[Any]:
        """The ids of items by their number, which must be above 0."""
        return self._ids.take(pa.array(numbers - 1)).to_pylist()
