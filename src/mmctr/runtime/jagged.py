"""Rows of different lengths in one flat array: values and offsets."""

import numpy as np

Jagged = tuple[np.ndarray, np.ndarray]
"""Flat values and ``[rows + 1]`` int64 offsets; row i is ``values[o[i]:o[i + 1]]``."""


def take_ranges(values: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> Jagged:
    """Gather ``values[start:end]`` of every row into one jagged array.

    Args:
        values: Flat values.
        starts: ``[rows]`` first positions.
        ends: ``[rows]`` positions after the last.

    Returns:
        The values row after row, with their offsets.
    """
    places, offsets = places_of_ranges(starts, ends)
    return values[places], offsets


def places_of_ranges(starts: np.ndarray, ends: np.ndarray) -> Jagged:
    """The places from ``start`` until ``end`` of every row, as one jagged array.

    Args:
        starts: ``[rows]`` first places.
        ends: ``[rows]`` places after the last.
    """
    lengths = ends - starts
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return places, offsets


def keep_last(jagged: Jagged, length: int) -> Jagged:
    """Keep at most the last ``length`` values of every row."""
    values, offsets = jagged
    ends = offsets[1:]
    return take_ranges(values, np.maximum(offsets[:-1], ends - length), ends)
