"""Measures of each level or position of the codes."""

from typing import Any

import numpy as np


def code_counts(codes: np.ndarray, codebook_size: int) -> np.ndarray:
    """How often each codeword occurs at each position.

    Args:
        codes: ``[n, positions]`` integers in 1..codebook_size.
        codebook_size: Codewords per codebook.

    Returns:
        int64 ``[positions, codebook_size]``.
    """
    return np.stack([np.bincount(x - 1, minlength=codebook_size) for x in codes.T])


def entropies(counts: np.ndarray) -> np.ndarray:
    """Entropy of each row of counts, in nats, float64 ``[rows]``."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(shares, where=shares > 0, out=np.zeros_like(shares))
    return -(shares * logs).sum(axis=1)


def level_health(
    vectors: np.ndarray,
    codes: np.ndarray,
    counts: np.ndarray,
    *,
    sample: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Measure every position by itself.

    A position is measured by the best guess of a vector from its one code: the mean of
    the items that share it. A level of a residual method encodes what earlier levels
    left over, so its share falls from level to level.

    Args:
        vectors: ``[n, d]`` float32.
        codes: ``[n, positions]`` integers from 1.
        counts: From :func:`code_counts`.
        sample: Most items, drawn at random, that means are taken over.
        seed: Seed of the draw.

    Returns:
        Per position ``r2`` (share of the variance that the means explain, adjusted for
        their number), ``cosine`` of a vector with its mean (zero vectors left out),
        ``usage``, ``perplexity`` and ``dead_codes``; None where undefined.
    """
    drawn = np.random.default_rng(seed).permutation(len(vectors))[:sample]
    rows = vectors[drawn].astype(np.float32)
    perplexities = np.exp(entropies(counts))
    return [
        {
            **_means_of(rows, codes[drawn, position]),
            "usage": float((counts[position] > 0).mean()),
            "perplexity": float(perplexities[position]),
            "dead_codes": int((counts[position] == 0).sum()),
        }
        for position in range(codes.shape[1])
    ]


def _means_of(rows: np.ndarray, codes: np.ndarray) -> dict[str, float | None]:
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=codes[order][0] - 1))
    sizes = np.diff(starts, append=len(codes))
    ordered = rows[order]
    sums = np.add.reduceat(ordered, starts, axis=0, dtype=np.float64)
    means = sums / sizes[:, None]
    return {
        "r2": _explained(rows, means, sizes),
        "cosine": _agreement(ordered, means, starts),
    }


def _explained(rows: np.ndarray, means: np.ndarray, sizes: np.ndarray) -> float | None:
    count, groups = len(rows), len(sizes)
    center = rows.mean(axis=0, dtype=np.float64)
    total = np.square(rows - center, dtype=np.float64).sum()
    if total <= 0 or count <= groups:
        return None
    between = (sizes * np.square(means - center).sum(axis=1)).sum()
    left = (total - between) / total
    # Means of few items fit these by chance.
    return float(1 - left * (count - 1) / (count - groups))


def _agreement(
    ordered: np.ndarray, means: np.ndarray, starts: np.ndarray
) -> float | None:
    norms = np.sqrt(np.einsum("nd,nd->n", ordered, ordered, dtype=np.float64))
    present = int((norms > 0).sum())
    if not present:
        return None
    unit = ordered / np.where(norms > 0, norms, 1)[:, None]
    sums = np.add.reduceat(unit, starts, axis=0)
    lengths = np.linalg.norm(means, axis=1)
    dots = np.einsum("gd,gd->g", sums, means)
    known = np.divide(dots, lengths, where=lengths > 0, out=np.zeros_like(dots))
    return float(known.sum() / present)
