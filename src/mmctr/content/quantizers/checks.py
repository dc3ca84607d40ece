"""Checks of the vectors and codes that a quantiser gets."""

from collections.abc import Iterator

import numpy as np

ENCODED_ROWS = 16_384
"""Rows encoded at once, a multiple of what each method computes at once: pieces of so
many rows have the codes of the whole in every bit."""


def check_vectors(vectors: np.ndarray, width: int) -> np.ndarray:
    """Make sure vectors can be quantised.

    Args:
        vectors: Any array that should be ``[n, width]`` and finite.
        width: The vector width the quantiser was made for.

    Returns:
        The same values, C-ordered float32.

    Raises:
        ValueError: If the shape is wrong, there is no row, or a value is not finite.
    """
    if vectors.ndim != 2 or vectors.shape[1] != width:
        raise ValueError(
            f"vectors: expected shape [n, {width}], got {list(vectors.shape)}; a "
            "quantiser serves the width it was made for"
        )
    if len(vectors) == 0:
        raise ValueError("there are no vectors; a quantiser needs at least one row")
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    bad = [
        start + row
        for start, rows in row_chunks(vectors, 65_536)
        for row in np.flatnonzero(~np.isfinite(rows).all(axis=1)).tolist()
    ]
    if bad:
        raise ValueError(
            f"vectors hold NaN or infinity in {len(bad)} row(s), first {bad[:5]}; "
            "embed these items again"
        )
    return vectors


def check_codes(codes: np.ndarray, positions: int, sizes: list[int]) -> np.ndarray:
    """Make sure codes can be decoded.

    Args:
        codes: Any array that should be ``[n, positions]`` of integers.
        positions: Codes per item.
        sizes: How many codewords each position has.

    Returns:
        Zero-based codeword numbers, int64 ``[n, positions]``.

    Raises:
        ValueError: If the shape is wrong, the type is not an integer, or a code is
            outside 1..size of its position (0 is padding and stands for no vector).
    """
    if codes.ndim != 2 or codes.shape[1] != positions:
        raise ValueError(
            f"codes: expected shape [n, {positions}], got {list(codes.shape)}"
        )
    if not np.issubdtype(codes.dtype, np.integer):
        raise ValueError(f"codes: expected integers, got {codes.dtype}")
    bad = np.flatnonzero(((codes < 1) | (codes > np.asarray(sizes))).any(axis=1))
    if len(bad):
        raise ValueError(
            f"codes outside 1..{max(sizes)} (or without a codeword) in {len(bad)} "
            f"row(s), first {bad[:5].tolist()}; 0 is padding and cannot be decoded"
        )
    return codes.astype(np.int64) - 1


def row_chunks(array: np.ndarray, size: int) -> Iterator[tuple[int, np.ndarray]]:
    """Walk over an array ``size`` rows at a time.

    Args:
        array: Anything with rows.
        size: Most rows per chunk, at least 1.

    Yields:
        The number of the first row, and the rows.
    """
    for start in range(0, len(array), size):
        yield start, array[start : start + size]


def row_groups(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find which rows are the same, byte for byte.

    Args:
        array: ``[n, d]``, d at least 1.

    Returns:
        A number for each row, equal for equal rows, int64 ``[n]``, and how many rows
        each number stands for.
    """
    array = np.ascontiguousarray(array)
    # One opaque value per row compares in one step where a structure takes many.
    whole = array.view(np.dtype((np.void, array.dtype.itemsize * array.shape[1])))
    _, numbers, counts = np.unique(whole[:, 0], return_inverse=True, return_counts=True)
    return numbers, counts
