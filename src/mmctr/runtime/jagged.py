"""Rows of different lengths in one flat array: values and offsets."""

import numpy as np

Jagged = tuple[np.ndarray, np.ndarray]
"""Flat values and ``[rows + 1]`` int64 offsets; row i is ``values[o[i]:o[i + 1]]``."""

_PLACES = 1 << 16


def take_ranges(values: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> Jagged:
    """Gather ``values[start:end]`` of every row into one jagged array.

    Args:
        values: Flat values.
        starts: ``[rows]`` first positions.
        ends: ``[rows]`` positions after the last.

    Returns:
        The values row after row, with their offsets.
    """
    lengths = ends - starts
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    if len(starts) and (starts[1:] == ends[:-1]).all():
        return values[starts[0] : ends[-1]].copy(), offsets
    found = np.empty(offsets[-1], values.dtype)
    # Places of few rows at a time: those of all would not stay in the cache.
    cuts = np.searchsorted(offsets, np.arange(0, offsets[-1], _PLACES), "right") - 1
    cuts = np.unique(np.append(cuts, len(starts)))
    for rows in map(slice, cuts[:-1], cuts[1:]):
        first, last = offsets[rows.start], offsets[rows.stop]
        places = np.repeat(starts[rows] - offsets[rows], lengths[rows])
        places += np.arange(first, last)
        found[first:last] = values[places]
    return found, offsets


def places_of_ranges(starts: np.ndarray, ends: np.ndarray) -> Jagged:
    """The places from ``start`` until ``end`` of every row, as one jagged array.

    Args:
        starts: ``[rows]`` first places.
        ends: ``[rows]`` places after the last.
    """
    lengths = ends - starts
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths), offsets


def keep_last(jagged: Jagged, length: int) -> Jagged:
    """Keep at most the last ``length`` values of every row."""
    values, offsets = jagged
    ends = offsets[1:]
    return take_ranges(values, np.maximum(offsets[:-1], ends - length), ends)


def newest_first(jagged: Jagged) -> Jagged:
    """Turn the order of every row's own values round."""
    values, offsets = jagged
    # A place and its mirror image add up to the row's first and last one.
    ends = np.repeat(offsets[:-1] + offsets[1:] - 1, np.diff(offsets))
    return values[ends - np.arange(len(values))], offsets
