"""Splitting a log at two points in time."""

from dataclasses import dataclass

import numpy as np

from mmctr.data.preparation.params import PreparationParams

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class TimeSplit:
    """Which part each event is in.

    Attributes:
        part: ``[events]`` int8, an index into :data:`PARTS`.
        valid_from: First timestamp of valid, unix seconds.
        test_from: First timestamp of test, unix seconds.
    """

    part: np.ndarray
    valid_from: int
    test_from: int


def split_by_time(timestamps: np.ndarray, params: PreparationParams) -> TimeSplit:
    """Split events at two timestamps, so that no tie is cut.

    The part of an event depends on its timestamp alone: the cuts are the timestamps of
    the events at the given shares, and events at a cut are in the later part.

    Args:
        timestamps: ``[events]`` int64, unix seconds, any order.
        params: Fractions of events per part.

    Returns:
        The parts and the cuts.

    Raises:
        ValueError: If a part would be empty; the message names the fraction to change.
    """
    ordered = np.sort(timestamps)
    n = len(ordered)
    at_valid = int(n * (1 - params.valid_fraction - params.test_fraction))
    at_test = int(n * (1 - params.test_fraction))
    valid_from = int(ordered[min(at_valid, n - 1)])
    test_from = int(ordered[min(at_test, n - 1)])
    part = (timestamps >= valid_from).astype(np.int8) + (timestamps >= test_from)
    for index, name in enumerate(PARTS):
        if not (part == index).any():
            raise ValueError(
                f"{name} would have no event when {n} events are split in time with "
                f"preparation.valid_fraction={params.valid_fraction} and "
                f"preparation.test_fraction={params.test_fraction}; change "
                + ("test_fraction" if name == "test" else "valid_fraction")
                + ", or give a log whose events are spread over more timestamps"
            )
    return TimeSplit(part.astype(np.int8), valid_from, test_from)


def history_ranges(
    users: np.ndarray, timestamps: np.ndarray, max_history: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each event's history lies in a log sorted by (user, timestamp).

    A history holds the same user's strictly earlier events: neither the event itself
    nor one that shares its timestamp.

    Args:
        users: ``[events]`` int64, sorted.
        timestamps: ``[events]`` int64, sorted inside a user.
        max_history: Events kept, the newest.

    Returns:
        ``[events]`` starts and ends, positions in the sorted log; and the ends of the
        user's events of the same timestamp.
    """
    positions = np.arange(len(users))
    new_user = np.concatenate([[True], users[1:] != users[:-1]])
    new_time = new_user | np.concatenate([[True], timestamps[1:] != timestamps[:-1]])
    first_of_user = np.maximum.accumulate(np.where(new_user, positions, 0))
    first_of_tie = np.maximum.accumulate(np.where(new_time, positions, 0))
    starts = np.flatnonzero(new_time)
    ties = np.diff(starts, append=len(users))
    start = np.maximum(first_of_user, first_of_tie - max_history)
    return start, first_of_tie, np.repeat(starts + ties, ties)
