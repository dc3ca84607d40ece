"""Codes that target and history share."""

import numpy as np

from mmctr.data.row_statistics.pooling import pool
from mmctr.data.row_statistics.rows import HistoryRows

_MOST_POSITIONS = 64
_VALUES = 1 << 24


def code_statistics(
    rows: HistoryRows, codes: np.ndarray, modality: str
) -> dict[str, np.ndarray]:
    """Compute the statistics of kind ``codes`` of one modality.

    Args:
        rows: ``R`` rows.
        codes: ``[n_items + 1, positions]`` code + 1, 0 for padding. Of more than 64
            positions 64 are compared, evenly spaced.
        modality: Start of the names.

    Returns:
        ``[R]`` float32 each, NaN without history: ``<modality>_*``, the pooled shares
        of positions with the same code.
    """
    positions = codes.shape[1]
    if positions > _MOST_POSITIONS:
        kept = np.linspace(0, positions - 1, _MOST_POSITIONS).astype(int)
        codes, positions = codes[:, kept], _MOST_POSITIONS
    shares = np.empty(len(rows.history), np.float32)
    step = _VALUES // positions
    for start in range(0, len(shares), step):
        part = slice(start, start + step)
        own = codes[rows.history[part]]
        same = (own == codes[rows.targets[part]]) & (own > 0)
        shares[part] = same.mean(axis=1, dtype=np.float32)
    return pool(rows, {modality: shares})
