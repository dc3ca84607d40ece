"""Measures of a codebook; the squared error alone says little."""

import math
from typing import Any

import numpy as np

from mmctr.content.quantizers.checks import row_chunks, row_groups
from mmctr.content.quantizers.levels import code_counts, entropies, level_health
from mmctr.content.quantizers.neighbours import neighbour_lists, overlap, with_direction
from mmctr.content.quantizers.protocol import Quantizer

_ROWS = 16_384


def codebook_health(
    vectors: np.ndarray,
    codes: np.ndarray,
    decoded: np.ndarray,
    *,
    codebook_size: int,
    shared_codebook: bool,
    seed: int,
    cold: np.ndarray | None = None,
    neighbours: tuple[int, ...] = (10, 50),
    queries: int = 2_000,
    sample: int = 20_000,
) -> dict[str, Any]:
    """Measure what the codes keep of the vectors, and how they use the codebooks.

    Args:
        vectors: The encoded vectors, ``[n, d]`` float32.
        codes: ``[n, positions]`` integers in 1..codebook_size.
        decoded: The vectors that the codes stand for, ``[n, d]`` float32.
        codebook_size: Codewords per codebook.
        shared_codebook: Whether all positions read one codebook; usage, perplexity and
            dead codes are then those of the pooled codes of all positions.
        seed: Seed of the draws of items.
        cold: Which items are not in train, bool ``[n]``; None where that is not known.
        neighbours: Neighbours compared per item.
        queries: Most items whose neighbours are compared.
        sample: Most items that the measures of a level are taken over.

    Returns:
        JSON-ready values, None where undefined:

        - ``r2``: 1 - squared error / squared distance to the mean vector.
        - ``cosine``: mean cosine of a vector and its decoding; zero vectors left out.
        - ``usage``: share of all codewords that some item uses.
        - ``perplexity``: exp of the entropy of the codes, averaged over codebooks.
        - ``dead_codes``: codewords that no item uses, counted over codebooks.
        - ``recall_at_10``, ``recall_at_50`` (named after ``neighbours``): share of an
          item's nearest items by cosine found among as many nearest by the cosine of
          the decodings; zero vectors have no direction and are left out.
        - ``collision_rate``: share of items with the same codes as another item.
        - ``unique_code_share``: different code rows per item.
        - ``bits_per_item``: positions * log2(codebook size), the size of the codes;
          ``entropy_bits``: the sum of the positions' entropies, their information at
          most.
        - ``levels``: per position, see
          :func:`~mmctr.content.quantizers.levels.level_health`.
        - ``warm``, ``cold``: ``items``, ``r2`` (against the mean of all items),
          ``cosine``, recalls (of these items, among all) and collisions of the items
          in train and of the others; None where there is none.
        - ``positions``, ``codebook_size``.

    Raises:
        ValueError: If shapes disagree, there is no item, or a code is out of range.
    """
    _check(vectors, codes, decoded, codebook_size, cold)
    counts = code_counts(codes, codebook_size)
    everyone = np.ones(len(vectors), dtype=bool)
    parts = {"all": everyone}
    if cold is not None:
        parts |= {"warm": ~cold, "cold": cold}
    recalls = _recalls(vectors, decoded, parts, neighbours, queries, seed)
    errors, totals, cosines = _by_item(vectors, decoded)
    groups, sizes = row_groups(codes)

    def measure(name: str) -> dict[str, Any] | None:
        chosen = parts.get(name, ~everyone)
        if not chosen.any():
            return None
        total = totals[chosen].sum()
        return {
            "r2": _number(1 - errors[chosen].sum() / total) if total > 0 else None,
            "cosine": _mean(cosines[chosen]),
            **recalls[name],
            "collision_rate": float((sizes[groups[chosen]] > 1).mean()),
            "unique_code_share": len(np.unique(groups[chosen])) / int(chosen.sum()),
        }

    def part(name: str) -> dict[str, Any] | None:
        found = measure(name)
        return found and {"items": int(parts[name].sum()), **found}

    return {
        **(measure("all") or {}),
        **_usage(counts, shared_codebook),
        "positions": int(codes.shape[1]),
        "codebook_size": int(codebook_size),
        "bits_per_item": bits_per_item(codes.shape[1], codebook_size),
        "entropy_bits": float(entropies(counts).sum() / math.log(2)),
        "levels": level_health(vectors, codes, counts, sample=sample, seed=seed),
        "warm": part("warm"),
        "cold": part("cold"),
    }


def bits_per_item(positions: int, codebook_size: int) -> float:
    """Bits that the codes of one item take."""
    return float(positions * math.log2(codebook_size))


def rate_distortion(quantizer: Quantizer, vectors: np.ndarray) -> tuple[float, float]:
    """The point of a fitted quantiser in a figure of bits against R2.

    Args:
        quantizer: Fitted.
        vectors: ``[n, d]`` float32, not all equal.

    Returns:
        Bits per item, and R2 of the decodings; NaN where the vectors are all equal.
    """
    errors, totals, _ = _by_item(vectors, quantizer.decode(quantizer.encode(vectors)))
    total = totals.sum()
    bits = bits_per_item(quantizer.positions, quantizer.codebook_size)
    return bits, float(1 - errors.sum() / total) if total > 0 else math.nan


def _check(
    vectors: np.ndarray,
    codes: np.ndarray,
    decoded: np.ndarray,
    codebook_size: int,
    cold: np.ndarray | None,
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
    if cold is not None and cold.shape != (len(vectors),):
        raise ValueError(
            f"cold {list(cold.shape)} and vectors {list(vectors.shape)} are not of the "
            "same items; run the quantization pipeline as a whole"
        )
    if codes.min() < 1 or codes.max() > codebook_size:
        raise ValueError(
            f"codes lie in {codes.min()}..{codes.max()}, outside 1..{codebook_size}"
        )


def _by_item(
    vectors: np.ndarray, decoded: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squared error, squared distance to the mean, and cosine (NaN without one)."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    errors, totals, cosines = np.empty((3, len(vectors)))
    for start, chunk in row_chunks(vectors, _ROWS):
        place = slice(start, start + len(chunk))
        rows, others = chunk.astype(np.float64), decoded[place].astype(np.float64)
        errors[place] = np.square(rows - others).sum(axis=1)
        totals[place] = np.square(rows - mean).sum(axis=1)
        norms = np.linalg.norm(rows, axis=1)
        products = norms * np.linalg.norm(others, axis=1)
        dots = np.einsum("nd,nd->n", rows, others)
        # A decoding without direction agrees with nothing: 0, not left out.
        agreement = np.divide(dots, products, where=products > 0, out=dots * 0)
        cosines[place] = np.where(norms > 0, agreement, np.nan)
    return errors, totals, cosines


def _usage(counts: np.ndarray, shared: bool) -> dict[str, Any]:
    if shared:
        counts = counts.sum(axis=0, keepdims=True)
    return {
        "usage": float((counts > 0).mean()),
        "perplexity": float(np.exp(entropies(counts)).mean()),
        "dead_codes": int((counts == 0).sum()),
    }


def _recalls(
    vectors: np.ndarray,
    decoded: np.ndarray,
    parts: dict[str, np.ndarray],
    neighbours: tuple[int, ...],
    queries: int,
    seed: int,
) -> dict[str, dict[str, float | None]]:
    """Recalls of each part of the items, neighbours among all of them."""
    rows = with_direction(vectors)
    names = {count: f"recall_at_{count}" for count in neighbours}
    most = min(max(neighbours), len(rows) - 1)
    if most < 1:
        return {part: dict.fromkeys(names.values()) for part in parts}
    order = np.random.default_rng(seed).permutation(len(rows))
    drawn = {
        part: order[chosen[rows[order]]][:queries] for part, chosen in parts.items()
    }
    queried = np.unique(np.concatenate(list(drawn.values())))
    true, found = neighbour_lists((vectors[rows], decoded[rows]), queried, most)
    shares = {
        name: overlap(true, found, min(count, most)) for count, name in names.items()
    }
    return {
        part: {
            name: _mean(share[np.searchsorted(queried, own)])
            for name, share in shares.items()
        }
        for part, own in drawn.items()
    }


def _mean(values: np.ndarray) -> float | None:
    values = values[~np.isnan(values)]
    return _number(values.mean()) if len(values) else None


def _number(value: float) -> float | None:
    """A Python float for JSON, which has no NaN and no infinity."""
    return float(value) if math.isfinite(value) else None
