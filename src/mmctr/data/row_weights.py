"""Importance weights of rows."""

import numpy as np
import pyarrow as pa

COLUMN = "weight"


def row_weights(rows: pa.Table) -> np.ndarray:
    """Read how much each row counts.

    Args:
        rows: Of train, valid or test.

    Returns:
        ``[R]`` float32, as the preparation made them; ``[0]`` where it made none, so
        that all rows count the same.
    """
    if COLUMN not in rows.column_names:
        return np.zeros(0, np.float32)
    return rows[COLUMN].to_numpy().astype(np.float32, copy=False)
