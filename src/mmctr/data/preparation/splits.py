"""Splitting a log at two points in time."""

from dataclasses import dataclass

import numpy as np

from mmctr.data.preparation.distinct_times import describe_times
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


def split_by_time(
    timestamps: np.ndarray, params: PreparationParams, *, clock: bool = True
) -> TimeSplit:
    """Split events at two timestamps, so that no tie is cut.

    The part of an event depends on its timestamp alone: the cuts are the timestamps of
    the events at the given shares, and events at a cut are in the later part.

    Args:
        timestamps: ``[events]`` int64, unix seconds, any order.
        params: Fractions of events per part.
        clock: Whether they are times, for messages.

    Returns:
        The cuts.

    Raises:
        ValueError: If a part would be empty; the message tells the distinct times and
            fractions that would do.
    """
    split = _cuts(np.sort(timestamps), params.valid_fraction, params.test_fraction)
    part = split.part_of(timestamps)
    for index, name in enumerate(PARTS):
        if not (part == index).any():
            raise ValueError(_explain(name, timestamps, params, clock=clock))
    return split


def _cuts(ordered: np.ndarray, valid: float, test: float) -> TimeSplit:
    """The times at the given shares of ascending ones."""
    n = len(ordered)
    at = [min(int(n * share), n - 1) for share in (1 - valid - test, 1 - test)]
    return TimeSplit(*ordered[at].tolist())


def _explain(
    name: str, timestamps: np.ndarray, params: PreparationParams, *, clock: bool
) -> str:
    """Say why a part would be empty, and what to set."""
    said = (
        f"{name} would have no event when {len(timestamps)} events are split in time "
        f"with preparation.valid_fraction={params.valid_fraction} and "
        f"preparation.test_fraction={params.test_fraction}: "
        f"{describe_times(timestamps, clock=clock)}"
    )
    found = _fitting_fractions(np.sort(timestamps))
    if found is None:
        return (
            f"{said}; three parts need three: give a log of more days, or one with "
            "finer times (preparation.reading.columns.timestamp=NAME takes another "
            "column)"
        )
    return f"{said}; set --params preparation.valid_fraction={found[0]:g}," + (
        f"preparation.test_fraction={found[1]:g}"
    )


def _fitting_fractions(ordered: np.ndarray) -> tuple[float, float] | None:
    """Fractions of valid and test that leave each part an event, the most to train."""
    times, counts = np.unique(ordered, return_counts=True)
    n, before = len(ordered), np.cumsum(counts) - counts
    for test_at in range(len(times) - 1, 1, -1):
        # Half an event more, so that rounding does not miss the cut.
        test = round((n - before[test_at] - 0.5) / n, 6)
        valid = round((before[test_at] - before[test_at - 1]) / n, 6)
        if _cuts(ordered, valid, test) == TimeSplit(
            int(times[test_at - 1]), int(times[test_at])
        ):
            return valid, test
    return None
