"""Cosines of the target's vector and those of the history."""

import numpy as np

from mmctr.data.row_statistics.rows import HistoryRows

_FLOATS = 1 << 22
_LEVELS = (0.4, 0.6, 0.8)


def similarity_statistics(
    rows: HistoryRows, vectors: np.ndarray, modality: str
) -> dict[str, np.ndarray]:
    """Compute the statistics of kind ``similarity`` of one modality.

    Args:
        rows: ``R`` rows.
        vectors: ``[n_items + 1, d]`` float32, row 0 zero; may be a memory map. An item
            without a vector has cosine 0 with all.
        modality: Start of the names.

    Returns:
        ``[R]`` float32 each: ``<modality>_*``, the pooled cosines; ``<modality>_over_
        <c>``, share of the history with a cosine above c; ``<modality>_focus``, length
        of the mean of the history's vectors of length 1, and ``<modality>_profile``,
        cosine of the target with that mean. NaN without history.
    """
    cosines = np.empty(len(rows.history), np.float32)
    focus = np.full(len(rows), np.nan, np.float32)
    step = max(int(_FLOATS / vectors.shape[1] / max(rows.lengths.mean(), 1)), 1)
    for part, piece in rows.pieces(step):
        history = _unit(vectors[piece.history])
        target = _unit(vectors[piece.items])[piece.row]
        place = rows.offsets[part.start]
        found = np.einsum("nd,nd->n", history, target)
        # Rounded, so that pairs of equal vectors are ties.
        cosines[place : place + len(found)] = np.round(found, 5)
        mean = piece.sum(history) / np.maximum(piece.lengths, 1)[:, None]
        focus[part] = np.linalg.norm(mean, axis=1)
    focus[rows.lengths == 0] = np.nan
    mean = rows.mean(cosines)
    profile = np.divide(
        mean, focus, out=np.zeros(len(rows), np.float32), where=focus > 1e-6
    )
    return {
        **rows.pool(modality, cosines),
        **{
            f"{modality}_over_{level:g}": rows.mean(
                (cosines > level).astype(np.float32)
            )
            for level in _LEVELS
        },
        f"{modality}_focus": focus,
        f"{modality}_profile": np.where(np.isnan(focus), np.nan, profile),
    }


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
