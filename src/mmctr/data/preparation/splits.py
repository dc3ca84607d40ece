"""Splitting a log at two points in time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmctr.data.preparation.params import PreparationParams

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class TimeSplit:
    """Where the parts of a log begin.

    Attributes:
        valid_from: First timestamp of valid, unix seconds.
        test_from: First timestamp of test, unix seconds.
    """

    valid_from: int
    test_from: int

    def part_of(self, times: np.ndarray) -> np.ndarray:
        """The part of each time: int8, an index into :data:`PARTS`."""
        part = (times >= self.valid_from).astype(np.int8)
        part += times >= self.test_from
        return part


def split_by_time(timestamps: np.ndarray, params: PreparationParams) -> TimeSplit:
    """Split events at two timestamps, so that no tie is cut.

    The part of an event depends on its timestamp alone: the cuts are the timestamps of
    the events at the given shares, and events at a cut are in the later part.

    Args:
        timestamps: ``[events]`` int64, unix seconds, any order.
        params: Fractions of events per part.

    Returns:
        The cuts.

    Raises:
        ValueError: If a part would be empty; the message names the fraction to change.
    """
    n = len(timestamps)
    shares = (
        1 - params.valid_fraction - params.test_fraction,
        1 - params.test_fraction,
    )
    at = [min(int(n * share), n - 1) for share in shares]
    split = TimeSplit(*np.partition(timestamps, at)[at].tolist())
    part = split.part_of(timestamps)
    for index, name in enumerate(PARTS):
        if not (part == index).any():
            raise ValueError(
                f"{name} would have no event when {n} events are split in time with "
                f"preparation.valid_fraction={params.valid_fraction} and "
                f"preparation.test_fraction={params.test_fraction}; change "
                + ("test_fraction" if name == "test" else "valid_fraction")
                + ", or give a log whose events are spread over more timestamps"
            )
    return split


def history_ranges(
    users: np.ndarray,
    timestamps: np.ndarray,
    max_history: int,
    is_click: np.ndarray | None = None,
) -> Iterator[np.ndarray]:
    """Where each event's history lies among the clicks of a log.

    A history holds the same user's strictly earlier clicks: neither the event itself
    nor one that shares its timestamp.

    Args:
        users: ``[events]`` codes, sorted.
        timestamps: ``[events]`` int64, sorted inside a user.
        max_history: Clicks kept, the newest.
        is_click: ``[events]`` bool; None if all are.

    Yields:
        ``[events]`` starts, then ends, positions among the clicks sorted like the
        events; last the ends of the user's clicks of the same timestamp. They are int32
        where that is wide enough, and one at a time: each is as long as the log.
    """
    width = np.int32 if len(users) < 2**31 else np.int64
    is_first = np.ones(len(users), bool)
    is_first[1:] = users[1:] != users[:-1]
    first_of_user = np.flatnonzero(is_first)
    is_first[1:] |= timestamps[1:] != timestamps[:-1]
    count = len(users)
    del users, timestamps
    # Equal for the events of one user and time.
    ties = np.flatnonzero(is_first)
    own = first_of_user[np.searchsorted(first_of_user, ties, side="right") - 1]
    ends = np.append(ties, count)[1:]
    places: tuple[np.ndarray, ...] = (own, ties, ends)
    if is_click is not None:
        clicks_before = np.zeros(count + 1, width)
        np.cumsum(is_click, out=clicks_before[1:])
        places = tuple(clicks_before[each] for each in places)
    start = np.maximum(places[0], places[1] - max_history)
    lengths = ends - ties
    for each in (start, *places[1:]):
        yield np.repeat(each.astype(width), lengths)
