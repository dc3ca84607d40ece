"""A collapsed codebook, of which few codewords are used, stops the run."""

from typing import Any

import numpy as np

from mmctr.content.quantizers.checks import row_groups
from mmctr.content.quantizers.methods import find_method

# Vectors that are kept this well (R2) need no more codes.
_EXACT = 0.999


def check_codebook_collapse(
    health: dict[str, Any],
    vectors: np.ndarray,
    *,
    method: str,
    shared_codebook: bool,
    min_share: float,
) -> None:
    """Refuse a codebook whose items share a few codewords.

    The share is (perplexity - 1) / (possible - 1), where as many codewords are possible
    as there are, or different items if these are fewer. Where the codes keep nearly all
    of the vectors, later levels have nothing left to encode and are not checked.

    Args:
        health: From :func:`~mmctr.content.quantizers.health.codebook_health`.
        vectors: The encoded vectors, ``[n, d]``.
        method: The method, for the message.
        shared_codebook: Whether all positions read one codebook.
        min_share: Least share; 0 refuses nothing.

    Raises:
        ValueError: Naming codebook, figure and what to try.
    """
    if (health["r2"] or 0) >= _EXACT:
        return
    size = health["codebook_size"]
    books = {"the codebook": health["perplexity"]}
    if not shared_codebook:
        levels = enumerate(health["levels"], start=1)
        books = {f"level {level}": found["perplexity"] for level, found in levels}
    weak = {
        name: perplexity
        for name, perplexity in books.items()
        if perplexity - 1 < min_share * (size - 1)
    }
    if not weak:
        return
    # Rows are only compared where it matters.
    possible = min(size, len(row_groups(vectors)[1]))
    for name, perplexity in weak.items():
        if perplexity - 1 < min_share * (possible - 1):
            remedy = find_method(method).if_collapsed
            raise ValueError(
                f"{method} collapsed: {name} is used as if it had {perplexity:.1f} of "
                f"{size} codewords, under quantization.health.min_perplexity_share "
                f"({min_share:g}); {remedy}. 0 there accepts it"
            )
