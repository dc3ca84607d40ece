"""How much the codes depend on the seed."""

from typing import Any

import numpy as np

from mmctr.content.quantizers.neighbours import neighbour_lists, overlap, with_direction

# Mutual information is adjusted for chance, so a few thousand items suffice.
_ROWS = 5_000


def codebook_stability(
    first: tuple[np.ndarray, np.ndarray],
    second: tuple[np.ndarray, np.ndarray],
    *,
    seed: int,
    queries: int = 2_000,
    neighbours: int = 10,
) -> dict[str, Any]:
    """Compare two fits of one method on the same items.

    Codewords are numbered arbitrarily, so codes cannot be compared one by one.

    Args:
        first: Codes ``[n, positions]`` and decodings ``[n, d]`` of one fit.
        second: The same of the other.
        seed: Seed of the draws of items.
        queries: Most items whose neighbours are compared.
        neighbours: Neighbours compared per item.

    Returns:
        JSON-ready values, None where undefined:

        - ``neighbour_overlap_at_10`` (named after ``neighbours``): share of an item's
          nearest by the cosine of one fit's decodings found among as many of the
          other's. It compares all methods.
        - ``mutual_information``: per position, the adjusted mutual information of the
          two codes of the same items: 1 is one grouping under other names, 0 is
          chance. It is meaningful for levels of residual methods and slices of
          ``pq``; a network may use another position for the same thing.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    rng = np.random.default_rng(seed)
    rows = with_direction(first[1], second[1])
    count = min(neighbours, len(rows) - 1)
    shared = None
    if count >= 1:
        drawn = rng.permutation(len(rows))[:queries]
        lists = neighbour_lists((first[1][rows], second[1][rows]), drawn, count)
        shared = float(overlap(*lists, count).mean())
    items = rng.permutation(len(first[0]))[:_ROWS]
    return {
        f"neighbour_overlap_at_{neighbours}": shared,
        "mutual_information": [
            float(adjusted_mutual_info_score(ours[items], theirs[items]))
            for ours, theirs in zip(first[0].T, second[0].T, strict=True)
        ],
    }
