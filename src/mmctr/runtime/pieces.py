"""Long arrays, worked on a piece at a time."""

from collections.abc import Iterator

PIECE = 1 << 20
"""Rows of a piece: what is made of them takes megabytes, and calls are few."""


def pieces(length: int, start: int = 0, step: int | None = None) -> Iterator[slice]:
    """Cut the rows from ``start`` until ``length`` into slices, in order.

    Args:
        length: Row after the last.
        start: First row.
        step: Most rows of a slice; None for :data:`PIECE`.

    Yields:
        The slices.
    """
    step = step or PIECE
    for first in range(start, length, step):
        yield slice(first, min(first + step, length))
