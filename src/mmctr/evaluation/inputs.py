"""Checks and conversions that all measures share."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_length(name: str, values: NDArray[Any], rows: int) -> None:
    """Check that an array has one value per row.

    Raises:
        ValueError: If ``values`` is not ``[rows]``; the message names the array.
    """
    if values.ndim != 1 or len(values) != rows:
        raise ValueError(
            f"{name} has shape {values.shape}, expected ({rows},): every row needs "
            f"exactly one value; pass arrays of the same rows in the same order."
        )


def checked_labels(labels: ArrayLike) -> NDArray[np.int64]:
    """Check the labels ``[R]`` and convert them to int64.

    Raises:
        ValueError: If they are not one-dimensional or a row is not 0 or 1.
    """
    values = _as_float("labels", labels)
    wrong = np.flatnonzero((values != 0) & (values != 1))
    if wrong.size:
        raise ValueError(
            f"labels, row {wrong[0]}: {values[wrong[0]]} is neither 0 nor 1; only "
            f"labelled rows can be evaluated, drop the others first."
        )
    return values.astype(np.int64)


def checked_scores(
    scores: ArrayLike, rows: int, name: str = "scores"
) -> NDArray[np.float64]:
    """Check the scores ``[R]`` and convert them to float64.

    Raises:
        ValueError: If the length is not ``rows`` or a row is NaN or infinite.
    """
    values = _as_float(name, scores)
    check_length(name, values, rows)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise ValueError(
            f"{name}, row {wrong[0]}: {values[wrong[0]]} is not a finite number and "
            f"has no rank; look for a diverged model or a missing feature."
        )
    return values


def checked_probabilities(
    probabilities: ArrayLike, rows: int, name: str = "probabilities"
) -> NDArray[np.float64]:
    """Check the probabilities ``[R]`` and convert them to float64.

    Raises:
        ValueError: As ``checked_scores``, and if a row lies outside 0..1.
    """
    values = checked_scores(probabilities, rows, name)
    wrong = np.flatnonzero((values < 0) | (values > 1))
    if wrong.size:
        raise ValueError(
            f"{name}, row {wrong[0]}: {values[wrong[0]]} lies outside 0..1; "
            f"pass probabilities, not logits."
        )
    return values


def checked_weights(weights: ArrayLike, rows: int) -> NDArray[np.float64]:
    """Check the weights ``[R]`` and convert them to float64.

    Raises:
        ValueError: As ``checked_scores``, and if a weight is not above 0.
    """
    values = checked_scores(weights, rows, "weights")
    wrong = np.flatnonzero(values <= 0)
    if wrong.size:
        raise ValueError(
            f"weights, row {wrong[0]}: {values[wrong[0]]} is not above 0; a row that "
            f"does not count can't be evaluated, drop it."
        )
    return values


def factorise(name: str, values: ArrayLike, rows: int) -> NDArray[np.int64]:
    """Number the distinct values of any hashable type 0..n-1.

    The numbers follow the values, not the rows, so a permutation of the rows leaves
    every value its number.

    Args:
        name: What the values are, for the message.
        values: ``[R]`` of numbers, strings or objects.
        rows: Number of rows expected.

    Returns:
        ``[R]`` int64.

    Raises:
        ValueError: If the length is not ``rows``.
    """
    array = np.asarray(values)
    check_length(name, array, rows)
    if array.dtype != object:
        return np.unique(array, return_inverse=True)[1].astype(np.int64)
    # Objects of several types can't be compared with each other; their text can.
    listed = array.tolist()
    number = {value: i for i, value in enumerate(sorted(set(listed), key=repr))}
    return np.fromiter((number[v] for v in listed), dtype=np.int64, count=rows)


def _as_float(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Convert to one-dimensional float64; an error names what can't be converted."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} can't be read as numbers ({error}); missing values are not "
            f"allowed here, drop those rows first."
        ) from error
    if array.ndim != 1:
        raise ValueError(
            f"{name} has shape {array.shape}, expected [rows], one value per row; "
            f"flatten it first."
        )
    return array
