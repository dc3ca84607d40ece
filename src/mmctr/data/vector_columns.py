"""Item vectors as list columns of a table, and back, without a loop over values."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Offsets of an Arrow list are 32-bit, so one chunk holds at most this many values.
_CHUNK_VALUES = 2**31 - 1


def vector_column(
    matrix: np.ndarray, chunk_values: int = _CHUNK_VALUES
) -> pa.ChunkedArray:
    """Turn rows into lists.

    Args:
        matrix: ``[n, d]`` of a numeric type; d may be 0, which gives empty lists.
        chunk_values: Most values in one chunk of the column, at least d.

    Returns:
        A column of n lists of the matrix's type.
    """
    count, width = matrix.shape
    rows = max(1, chunk_values // max(width, 1))
    value_type = pa.from_numpy_dtype(matrix.dtype)
    chunks = []
    for start in range(0, count, rows):
        part = np.ascontiguousarray(matrix[start : start + rows])
        offsets = np.arange(len(part) + 1, dtype=np.int64) * width
        chunks.append(
            pa.ListArray.from_arrays(offsets.astype(np.int32), part.reshape(-1))
        )
    return pa.chunked_array(chunks, type=pa.list_(value_type))


def vector_matrix(table: pa.Table, column: str) -> np.ndarray:
    """Read a list column back as a matrix.

    Args:
        table: Any table with that column.
        column: Name of a column of equally long lists.

    Returns:
        ``[n, d]`` of the column's value type; ``[n, 0]`` where every list is empty.

    Raises:
        ValueError: If the column is missing, is no list column, holds a null, or its
            lists differ in length.
    """
    if column not in table.column_names:
        raise ValueError(f"there is no column '{column}' among {table.column_names}")
    lists = table[column]
    kind = lists.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        raise ValueError(f"column '{column}' is {kind}; expected a list column")
    lengths = pc.fill_null(pc.list_value_length(lists), -1).to_numpy()
    value_type = kind.value_type.to_pandas_dtype()
    if len(lengths) == 0:
        return np.empty((0, 0), dtype=value_type)
    width = int(lengths[0])
    bad = np.flatnonzero((lengths != width) | (lengths < 0))
    if len(bad):
        raise ValueError(
            f"column '{column}' has {len(bad)} row(s) that are null or not as long as "
            f"row 0 ({max(width, 0)} values), first {bad[:5].tolist()}; every row "
            "needs as many values"
        )
    values = [chunk.flatten() for chunk in lists.chunks]
    if any(part.null_count for part in values):
        raise ValueError(f"column '{column}' holds nulls inside its lists")
    parts = [part.to_numpy(zero_copy_only=False) for part in values]
    flat = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return flat.reshape(len(lengths), width)
