"""Slices of the rows: by warm or cold target, by history, by popularity."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DECILES = 10


@dataclass(frozen=True)
class RowSlice:
    """A part of the rows, and what they have in common."""

    kind: str
    """``all``, ``target``, ``history`` or ``popularity``."""
    name: str
    """As it is shown, such as ``4 to 7``."""
    rows: NDArray[np.bool_]
    """Which rows belong to it ``[R]``."""


def equal_parts(values: NDArray[Any], parts: int) -> NDArray[np.int64]:
    """Cut rows into parts of about the same size by their values.

    Rows of one value stay together, so that with many ties some parts are empty.
    Without ties the parts are those of ``expected_calibration_error``.

    Args:
        values: ``[R]`` of numbers.
        parts: Number of parts; no more are used than there are rows.

    Returns:
        Number of each row's part ``[R]``, from 0, rising with the values.

    Raises:
        ValueError: If ``parts`` is below 1.
    """
    if parts < 1:
        raise ValueError(f"parts is {parts}, but at least one part is needed; raise it")
    rows = len(values)
    if not rows:
        return np.zeros(0, np.int64)
    _, block, size = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(size)
    middle = (ends - size + ends - 1) // 2
    used = min(parts, rows)
    starts = np.arange(used) * rows // used
    return (np.searchsorted(starts, middle, "right") - 1)[block].astype(np.int64)


def slice_rows(
    cold: NDArray[np.bool_], history_lengths: NDArray[Any], train_clicks: NDArray[Any]
) -> list[RowSlice]:
    """Cut rows into the slices that a model is judged on, without empty ones.

    Args:
        cold: Whether the target is not in train ``[R]``.
        history_lengths: Items in the history ``[R]``.
        train_clicks: Clicks of the target in train ``[R]``.

    Returns:
        All rows; rows with a warm and with a cold target; by history length, in
        doubling steps; by decile of the target's clicks.
    """
    every = RowSlice("all", "all rows", np.ones(len(cold), bool))
    slices = [every]
    slices.append(RowSlice("target", "warm target", ~cold))
    slices.append(RowSlice("target", "cold target", cold))
    # 0, 1, 2 to 3, 4 to 7: the place of the highest bit is the same within a step.
    step = np.frexp(history_lengths.astype(np.float64))[1]
    for number in np.unique(step):
        rows = step == number
        name = _span(history_lengths[rows])
        slices.append(RowSlice("history", name, rows))
    part = equal_parts(train_clicks, DECILES)
    for number in np.unique(part):
        rows = part == number
        name = _span(train_clicks[rows])
        slices.append(RowSlice("popularity", name, rows))
    return [each for each in slices if each.rows.any()]


def _span(values: NDArray[Any]) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
