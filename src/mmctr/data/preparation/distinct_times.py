"""Times of a log in words: dates where they are times, numbers where an order."""

from datetime import UTC, datetime

import numpy as np

_SHOWN = 5
_DAY = 86_400


def time_text(time: int, *, clock: bool) -> str:
    """Say when: a date, with its time of day unless that is midnight.

    Args:
        time: Unix seconds, or a place in an order.
        clock: Whether it is a time.
    """
    if not clock:
        return str(time)
    moment = datetime.fromtimestamp(int(time), UTC)
    return f"{moment:%Y-%m-%d}" if time % _DAY == 0 else f"{moment:%Y-%m-%d %H:%M:%S}"


def describe_times(timestamps: np.ndarray, *, clock: bool) -> str:
    """Count the distinct times, and the events of the first ones.

    Args:
        timestamps: ``[events]`` int64, unix seconds, any order.
        clock: Whether they are times.
    """
    times, counts = np.unique(timestamps, return_counts=True)
    shown = ", ".join(
        f"{time_text(time, clock=clock)} ({count:,} events)"
        for time, count in zip(
            times[:_SHOWN].tolist(), counts[:_SHOWN].tolist(), strict=True
        )
    )
    more = " ..." if len(times) > _SHOWN else ""
    plural = "s"[: len(times) - 1]
    return f"the log has {len(times):,} distinct time{plural}: {shown}{more}"


def few_times(timestamps: np.ndarray, *, clock: bool) -> str:
    """:func:`describe_times` after a semicolon where they are few; else nothing."""
    if len(np.unique(timestamps)) > _SHOWN:
        return ""
    return f"; {describe_times(timestamps, clock=clock)}"
