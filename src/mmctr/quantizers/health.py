"""How good a codebook is; the squared error alone says nothing."""

import math
from typing import Any

import numpy as np

from mmctr.quantizers.checks import row_chunks

_ROWS = 16_384


def codebook_health(
    vectors: np.ndarray,
    codes: np.ndarray,
    decoded: np.ndarray,
    *,
    codebook_size: int,
    shared_codebook: bool,
    seed: int,
    neighbours: int = 10,
    queries: int = 2_000,
) -> dict[str, Any]:
    """Measure what the codes keep of the vectors, and how they use the codebooks.

    Args:
        vectors: What was encoded, ``[n, d]`` float32.
        codes: ``[n, positions]`` integers in 1..codebook_size.
        decoded: The vectors that the codes stand for, ``[n, d]`` float32.
        codebook_size: Codewords per codebook.
        shared_codebook: Whether all positions read one codebook; usage, perplexity and
            dead codes are then those of the pooled codes of all positions.
        seed: Seed of the draw of query items.
        neighbours: Neighbours an item is asked for.
        queries: Most items that are asked.

    Returns:
        JSON-ready values, None where undefined:

        - ``r2``: 1 - squared error / squared distance to the mean vector.
        - ``cosine``: mean cosine of a vector and its decoding; zero vectors left out.
        - ``usage``: share of all codewords that some item uses.
        - ``perplexity``: exp of the entropy of the codes, averaged over codebooks.
        - ``dead_codes``: codewords that no item uses, counted over codebooks.
        - ``recall_at_10`` (named after ``neighbours``): share of an item's nearest
          items by cosine found among as many nearest by the cosine of the decodings;
          zero vectors have no direction and are left out.
        - ``collision_rate``: share of items with the same codes as another item.
        - ``positions``, ``codebook_size``.

    Raises:
        ValueError: If shapes disagree, there is no item, or a code is out of range.
    """
    _check(vectors, codes, decoded, codebook_size)
    usage = _usage(codes, codebook_size, shared_codebook)
    return {
        "r2": _r2(vectors, decoded),
        "cosine": _cosine(vectors, decoded),
        **usage,
        f"recall_at_{neighbours}": _recall(
            vectors, decoded, neighbours=neighbours, queries=queries, seed=seed
        ),
        "collision_rate": _collision_rate(codes),
        "positions": int(codes.shape[1]),
        "codebook_size": int(codebook_size),
    }


def _check(
    vectors: np.ndarray, codes: np.ndarray, decoded: np.ndarray, codebook_size: int
) -> None:
    if len(vectors) == 0 or codes.ndim != 2 or codes.shape[1] == 0:
        raise ValueError(
            f"vectors {list(vectors.shape)} with codes {list(codes.shape)} have no "
            "codebook to measure; an absent modality is reported as null"
        )
    if vectors.shape != decoded.shape or len(vectors) != len(codes):
        raise ValueError(
            f"vectors {list(vectors.shape)}, codes {list(codes.shape)} and decoded "
            f"{list(decoded.shape)} are not of the same items"
        )
    if codes.min() < 1 or codes.max() > codebook_size:
        raise ValueError(
            f"codes lie in {codes.min()}..{codes.max()}, outside 1..{codebook_size}"
        )


def _r2(vectors: np.ndarray, decoded: np.ndarray) -> float | None:
    mean = vectors.mean(axis=0, dtype=np.float64)
    error = total = 0.0
    for start, chunk in row_chunks(vectors, _ROWS):
        rows = chunk.astype(np.float64)
        error += np.square(rows - decoded[start : start + len(rows)]).sum()
        total += np.square(rows - mean).sum()
    return _number(1 - error / total) if total > 0 else None


def _cosine(vectors: np.ndarray, decoded: np.ndarray) -> float | None:
    total, count = 0.0, 0
    for start, chunk in row_chunks(vectors, _ROWS):
        rows = chunk.astype(np.float64)
        others = decoded[start : start + len(rows)].astype(np.float64)
        norms = np.linalg.norm(rows, axis=1)
        products = norms * np.linalg.norm(others, axis=1)
        dots = np.einsum("nd,nd->n", rows, others)
        # A decoding without direction agrees with nothing: 0, not left out.
        total += np.divide(dots, products, where=products > 0, out=np.zeros_like(dots))[
            norms > 0
        ].sum()
        count += int((norms > 0).sum())
    return _number(total / count) if count else None


def _usage(codes: np.ndarray, codebook_size: int, shared: bool) -> dict[str, Any]:
    counts = np.stack(
        [np.bincount(book - 1, minlength=codebook_size) for book in codes.T]
    )
    if shared:
        counts = counts.sum(axis=0, keepdims=True)
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(shares, where=shares > 0, out=np.zeros_like(shares))
    perplexity = np.exp(-(shares * logs).sum(axis=1)).mean()
    return {
        "usage": _number((counts > 0).mean()),
        "perplexity": _number(perplexity),
        "dead_codes": int((counts == 0).sum()),
    }


def _recall(
    vectors: np.ndarray,
    decoded: np.ndarray,
    *,
    neighbours: int,
    queries: int,
    seed: int,
) -> float | None:
    # An einsum in float64: squares of small float32 values would vanish.
    norms = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    rows = np.flatnonzero(norms > 0)
    wanted = min(neighbours, len(rows) - 1)
    if wanted < 1:
        return None
    drawn = np.random.default_rng(seed).permutation(len(rows))[:queries]
    true = _neighbours(vectors[rows], drawn, wanted)
    found = _neighbours(decoded[rows], drawn, wanted)
    hits = (true[:, :, None] == found[:, None, :]).any(axis=2)
    return _number(hits.mean())


def _neighbours(vectors: np.ndarray, queries: np.ndarray, wanted: int) -> np.ndarray:
    """The nearest other rows by cosine, int64 ``[queries, wanted]``."""
    import faiss

    unit = np.array(vectors, dtype=np.float32, order="C")
    faiss.normalize_L2(unit)
    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit)
    found = index.search(unit[queries], wanted + 1)[1]
    others = found != queries[:, None]
    # Among items that coincide, a query may not be among its own nearest.
    others[others.all(axis=1), -1] = False
    return found[others].reshape(len(queries), wanted)


def _collision_rate(codes: np.ndarray) -> float:
    codes = np.ascontiguousarray(codes)
    # One opaque value per row compares in one step where a structure takes many.
    whole = codes.view(np.dtype((np.void, codes.dtype.itemsize * codes.shape[1])))
    _, counts = np.unique(whole[:, 0], return_counts=True)
    return float(counts[counts > 1].sum() / len(codes))


def _number(value: float) -> float | None:
    """A Python float for JSON, which has no NaN and no infinity."""
    return float(value) if math.isfinite(value) else None
