"""The order of events: by time, then by hashes, whatever their order in the file."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from mmctr.runtime.pieces import pieces
from mmctr.runtime.progress import track_pieces


def id_hashes(ids: pa.Array) -> np.ndarray:
    """Hash each id by its value: ``[ids]`` uint64."""
    return pd.util.hash_array(np.asarray(ids.to_pandas()))


def combine_hashes(seed: int, *parts: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """One hash per row of a seed and of several values.

    Args:
        seed: Another seed gives other hashes.
        parts: Per value the hashes of its codes, and the ``[rows]`` codes.

    Returns:
        ``[rows]`` uint64, equal for equal values; those that
        :func:`pandas.util.hash_pandas_object` gives for the values and then the seed.
    """
    found = np.full(len(parts[0][1]), 0x345678, np.uint64)
    factor, count = 1_000_003, len(parts) + 1
    last = pd.util.hash_array(np.array([seed]))
    for number, of_value in enumerate([*parts, None]):
        found ^= last if of_value is None else of_value[0][of_value[1]]
        found *= np.uint64(factor)
        factor += 82_520 + 2 * (count - number)
    found += np.uint64(97_531)
    return found


def fine_times(timestamps: np.ndarray, fractions: np.ndarray | None) -> np.ndarray:
    """Times that tell fractions of a second apart: ``[rows]`` int64."""
    if fractions is None:
        return timestamps
    nanoseconds = np.rint(fractions * 1e9).astype(np.int64)
    return (timestamps - timestamps.min()) * 10**9 + nanoseconds


Hash = Callable[[np.ndarray | slice], np.ndarray]
"""Hashes uint64 of some rows; made on demand, they need not be held for all."""


def time_order(times: np.ndarray, hashes: Hash, then: Hash | None = None) -> np.ndarray:
    """Sort by time, then by a hash, then by another one.

    Args:
        times: ``[rows]`` int64.
        hashes: Of the rows.
        then: Of the rows, for those of equal time and hash.

    Returns:
        ``[rows]`` int64 places; rows that are equal in all stay as they were.
    """
    # One number of 64 bits per row is sorted many times faster than several keys; what
    # it can't tell apart is sorted again.
    first = int(times.min())
    span = int(times.max()) - first
    bits = 64 - max(span.bit_length(), 1)
    last_bits = 0 if then is None else bits // 4
    key = np.empty(len(times), np.uint64)
    for rows in track_pieces("putting events in order", len(times)):
        key[rows] = times[rows] - first
        key[rows] <<= np.uint64(bits)
        high = hashes(rows) >> np.uint64(64 - bits)
        if then is not None and last_bits:
            high >>= np.uint64(last_bits)
            high <<= np.uint64(last_bits)
            high |= then(rows) >> np.uint64(64 - last_bits)
        key[rows] |= high
    order = np.argsort(key)
    # Faster than the same by `order`, and without a copy.
    key.sort()
    places = _undecided(key, hashes, order, last_bits)
    if places.size:
        rows = np.sort(order[places])
        keys = (hashes(rows), times[rows])
        keys = keys if then is None else (then(rows), *keys)
        order[places] = rows[np.lexsort(keys)]
    return order


def _undecided(
    ordered: np.ndarray, hashes: Hash, order: np.ndarray, last_bits: int
) -> np.ndarray:
    """Places whose order the sorted numbers leave open, in whole runs."""
    runs, new_run = [], np.ones(len(ordered), bool)
    for rows in pieces(len(ordered) - 1):
        ours, next_ones = (ordered[rows.start + i : rows.stop + i] for i in (0, 1))
        equal = ours == next_ones
        same = (ours >> np.uint64(last_bits)) == (next_ones >> np.uint64(last_bits))
        new_run[rows.start + 1 : rows.stop + 1] = ~same
        if last_bits:
            mixed = np.flatnonzero(same) + rows.start
            differ = hashes(order[mixed]) != hashes(order[mixed + 1])
            equal[mixed - rows.start] |= differ
        runs.append(np.flatnonzero(equal) + rows.start)
    open_places = np.concatenate([*runs, np.zeros(0, np.int64)])
    if not open_places.size:
        return open_places
    starts = np.flatnonzero(new_run)
    of_run = np.unique(np.searchsorted(starts, open_places, side="right") - 1)
    ends = np.append(starts, len(new_run))[of_run + 1]
    lengths = ends - starts[of_run]
    offsets = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts[of_run] - offsets, lengths)
