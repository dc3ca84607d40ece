"""Cosines of the target's vector and those of the history."""

import numpy as np
from scipy import sparse

from mmctr.data.row_statistics.pooling import pool
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.runtime.dot_products import dot_products
from mmctr.runtime.jagged import take_ranges
from mmctr.runtime.unit_rows import normalize_rows

_FLOATS = 1 << 22
_LEVELS = np.array([0.4, 0.6, 0.8], np.float32)


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Copy ``[n_items + 1, d]`` vectors as float32 rows of length 1, or 0."""
    unit = np.array(vectors, np.float32)
    normalize_rows(unit)
    return unit


def similarity_statistics(
    rows: HistoryRows, unit: np.ndarray, modality: str
) -> dict[str, np.ndarray]:
    """Compute the statistics of kind ``similarity`` of one modality.

    Args:
        rows: ``R`` rows.
        unit: ``[n_items + 1, d]`` float32, from :func:`unit_vectors`. An item without a
            vector has cosine 0 with all.
        modality: Start of the names.

    Returns:
        ``[R]`` float32 each: ``<modality>_*``, the pooled cosines; ``<modality>_over_
        <c>``, share of the history with a cosine above c; ``<modality>_focus``, length
        of the mean of the history's vectors, and ``<modality>_profile``, cosine of the
        target with that mean. NaN without history.
    """
    cosines = rows.cosines[modality] = _cosines(rows, unit).ravel()
    focus = _lengths_of_means(rows, unit)
    pooled = pool(rows, {modality: cosines})
    profile = np.divide(
        pooled[f"{modality}_mean"],
        focus,
        out=np.zeros(len(rows), np.float32),
        where=focus > 1e-6,
    )
    above = rows.mean((cosines > _LEVELS[:, None]).astype(np.float32))
    shares = zip(_LEVELS, above, strict=True)
    return {
        **pooled,
        **{f"{modality}_over_{level:g}": share for level, share in shares},
        f"{modality}_focus": focus,
        f"{modality}_profile": np.where(np.isnan(focus), np.nan, profile),
    }


def _cosines(rows: HistoryRows, unit: np.ndarray) -> np.ndarray:
    """Of each history item with its row's target: ``[P]`` or ``[R, H]`` float32.

    Rounded to five digits, so that pairs of equal vectors are ties.
    """
    if rows.only_history is not None:
        return np.round(dot_products(unit, rows.items, unit[rows.only_history]), 5)
    cosines = np.empty(len(rows.history), np.float32)
    step = max(_FLOATS // unit.shape[1], 1)
    for start in range(0, len(cosines), step):
        part = slice(start, start + step)
        pairs = unit[rows.history[part]], unit[rows.targets[part]]
        cosines[part] = np.round(np.vecdot(*pairs), 5)
    return cosines


def _lengths_of_means(rows: HistoryRows, unit: np.ndarray) -> np.ndarray:
    """Length of the mean of each history's vectors: ``[R]`` float32, NaN without."""
    lengths = rows.lengths[rows.first_of_history]
    sums = _lengths_of_sums(rows, unit)
    means = np.divide(sums, lengths, out=np.full_like(sums, np.nan), where=lengths > 0)
    return means[rows.number_of_history]


def _lengths_of_sums(rows: HistoryRows, unit: np.ndarray) -> np.ndarray:
    """Of the vectors of each distinct history, float32."""
    if rows.only_history is not None:
        # The sum of below, without the time that a sparse matrix takes to make.
        total = unit[rows.only_history].sum(axis=0, keepdims=True)
        return np.linalg.norm(total, axis=1)
    first = rows.first_of_history
    starts, ends = rows.offsets[:-1][first], rows.offsets[1:][first]
    found = np.empty(len(first), np.float32)
    step = max(_FLOATS // unit.shape[1], 1)
    for start in range(0, len(first), step):
        part = slice(start, start + step)
        items, offsets = take_ranges(rows.history, starts[part], ends[part])
        ones = np.ones(len(items), np.float32)
        shape = (len(offsets) - 1, len(unit))
        sums = sparse.csr_matrix((ones, items, offsets), shape) @ unit
        found[part] = np.linalg.norm(sums, axis=1)
    return found
