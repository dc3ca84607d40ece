"""What items are: titles, popularity counts and ready vectors."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import is_list
from mmctr.data.columns import vector_column
from mmctr.data.reading.values import as_text

_MARK = "\ufeff"


def read_titles(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Titles as text, empty where there is none; byte order marks are dropped."""
    texts = pc.fill_null(as_text(column), "")
    return pc.replace_substring(texts, _MARK, "")


def joined_texts(column: pa.ChunkedArray) -> list[str]:
    """Texts as they are, and lists of texts joined by commas; empty without."""
    if is_list(column.type):
        column = pc.binary_join(column.cast(pa.list_(pa.string())), ", ")
    return read_titles(column).to_pylist()


def read_counts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Counts as float64, null where unknown."""
    numbers = column.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_nan(numbers), None, numbers)


def read_vectors(
    column: pa.ChunkedArray, name: str, file: str, item_ids: list[object]
) -> tuple[np.ndarray, int]:
    """Read vectors of one width; a missing one is all zero.

    Args:
        column: A list of numbers in every row, or null.
        name: The column, for messages.
        file: Where it comes from, for messages.
        item_ids: Item of each row, for messages.

    Returns:
        ``[rows, width]`` float32, and how many were missing.

    Raises:
        ValueError: If widths differ or a value is not finite; it names the first five
            rows, and their items.
    """
    there = pc.is_valid(column).to_numpy()
    if there.all():
        table = pa.table({name: column})
        return vector_column(table, name, file, item_ids), 0
    rows = np.flatnonzero(there)
    table = pa.table({name: column.take(pa.array(rows))})
    held = vector_column(table, name, file, [item_ids[row] for row in rows])
    vectors = np.zeros((len(column), held.shape[1]), np.float32)
    vectors[rows] = held
    return vectors, int(len(column) - len(rows))
