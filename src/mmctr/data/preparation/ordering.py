"""The order of events: by time, then by hashes, whatever their order in the file."""

import numpy as np
import pandas as pd
import pyarrow as pa

_PIECE = 1 << 22


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
    last = pd.util.hash_array(np.array([seed]))
    count = len(parts) + 1
    # A piece at a time: a log has 100 million rows.
    for start in range(0, len(found), _PIECE):
        piece = found[start : start + _PIECE]
        factor = 1_000_003
        for number in range(count):
            if number < len(parts):
                hashes, codes = parts[number]
                piece ^= hashes[codes[start : start + _PIECE]]
            else:
                piece ^= last
            piece *= np.uint64(factor)
            factor += 82_520 + 2 * (count - number)
        piece += np.uint64(97_531)
    return found


def fine_times(timestamps: np.ndarray, fractions: np.ndarray | None) -> np.ndarray:
    """Times that tell fractions of a second apart: ``[rows]`` int64, from 0."""
    since = timestamps - timestamps.min()
    if fractions is None:
        return since
    return since * 10**9 + np.rint(fractions * 1e9).astype(np.int64)


def time_order(
    times: np.ndarray, hashes: np.ndarray, then: np.ndarray | None = None
) -> np.ndarray:
    """Sort by time, then by a hash, then by another one.

    Args:
        times: ``[rows]`` int64, from 0.
        hashes: ``[rows]`` uint64.
        then: ``[rows]`` uint64, for rows of equal time and hash.

    Returns:
        ``[rows]`` int64 places; rows that are equal in all stay as they were.
    """
    # One number of 64 bits per row is sorted many times faster than several keys; what
    # it can't tell apart is sorted again.
    bits = 64 - max(int(times.max(initial=0)).bit_length(), 1)
    last_bits = 0 if then is None else bits // 4
    key = times.astype(np.uint64)
    key <<= np.uint64(bits)
    key |= hashes >> np.uint64(64 - bits)
    if then is not None:
        key >>= np.uint64(last_bits)
        key <<= np.uint64(last_bits)
        key |= then >> np.uint64(64 - last_bits)
    order = np.argsort(key)
    places = _undecided(key, hashes, order, last_bits)
    if places.size:
        rows = np.sort(order[places])
        keys = (hashes[rows], times[rows])
        keys = keys if then is None else (then[rows], *keys)
        order[places] = rows[np.lexsort(keys)]
    return order


def _undecided(
    key: np.ndarray, hashes: np.ndarray, order: np.ndarray, last_bits: int
) -> np.ndarray:
    """Places whose order the sorted numbers leave open, in whole runs."""
    ordered = key[order]
    equal = ordered[1:] == ordered[:-1]
    ordered >>= np.uint64(last_bits)
    new_run = np.ones(len(ordered), bool)
    new_run[1:] = ordered[1:] != ordered[:-1]
    del ordered
    if last_bits:
        mixed = np.flatnonzero(~new_run[1:])
        equal[mixed] |= hashes[order[mixed]] != hashes[order[mixed + 1]]
    if not equal.any():
        return np.zeros(0, np.int64)
    starts = np.flatnonzero(new_run)
    runs = np.unique(np.searchsorted(starts, np.flatnonzero(equal), side="right") - 1)
    ends = np.append(starts, len(new_run))[runs + 1]
    lengths = ends - starts[runs]
    offsets = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts[runs] - offsets, lengths)
