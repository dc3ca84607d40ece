"""How far a long job is, and the time that it still needs: as a bar, or in words."""

import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from mmctr.runtime.pieces import PIECE, pieces

T = TypeVar("T")


def progress_bar(
    label: str, total: int, *, show: bool, done: int = 0, may_stop_early: bool = False
) -> tqdm:
    """Draw an empty bar; ``update`` moves it, and a ``with`` block ends it.

    Args:
        label: What is being done.
        total: Units of work.
        show: Whether to draw anything; see :func:`is_shown`.
        done: Units that an earlier run has done.
        may_stop_early: Whether the time left is an upper bound.
    """
    bound = "at most " if may_stop_early else ""
    return tqdm(
        total=total,
        initial=done,
        desc=label,
        disable=not show,
        file=sys.stderr,
        # A log file needs no more than two lines a minute.
        mininterval=0.5 if sys.stderr.isatty() else 30.0,
        bar_format=f"{{desc}}: {{percentage:3.0f}}%|{{bar}}| "
        f"{{n_fmt}} of {{total_fmt}}, {{elapsed}} so far, {bound}{{remaining}} left"
        "{postfix}",
    )


def is_shown(requested: bool) -> bool:
    """Whether bars are drawn: if a parameter requests it, or on a terminal.

    Never in a process that another one started: several would draw over each other.
    """
    if multiprocessing.parent_process() is not None:
        return False
    return requested or sys.stderr.isatty()


def track(items: Iterable[T], label: str, total: int, *, show: bool) -> Iterator[T]:
    """Yield the items, each one step of a bar.

    Args:
        items: What is worked on.
        label: What is being done.
        total: Number of items.
        show: Whether a bar is drawn.

    Yields:
        The items.
    """
    if not show:
        yield from items
        return
    with progress_bar(label, total, show=True) as bar:
        for item in items:
            yield item
            bar.update()


def track_pieces(
    label: str, length: int, *, step: int | None = None
) -> Iterator[slice]:
    """Cut long arrays into pieces, with a bar where they are many and on a terminal.

    Args:
        label: What is being done.
        length: Rows of the arrays.
        step: Most rows of a piece; see :func:`mmctr.runtime.pieces.pieces`.

    Yields:
        The pieces.
    """
    show = is_shown(False) and length > PIECE
    with progress_bar(label, length, show=show) as bar:
        for rows in pieces(length, step=step):
            yield rows
            bar.update(rows.stop - rows.start)


class Countdown:
    """Says in words how far a job is whose steps are assumed to cost the same."""

    def __init__(self, total: int, at_once: int = 1) -> None:
        """Begin to measure the time.

        Args:
            total: Number of steps.
            at_once: Steps under way at a time; they are assumed to be half done.
        """
        self._total, self._at_once = total, at_once
        self._start = time.perf_counter()
        self._before: int | None = None

    def describe(self, done: int) -> str:
        """Say how many steps are done, the time spent, and the time left at this pace.

        Args:
            done: Number of steps; those before the first call's are not this job's.
        """
        self._before = done - 1 if self._before is None else self._before
        spent = time.perf_counter() - self._start
        left = max(self._total - done, 0)
        half = min(self._at_once - 1, left) / 2
        forecast = spent / (done - self._before + half) * (left - half)
        said = f"{done} of {self._total}; {tqdm.format_interval(spent)} so far"
        return said + (f", about {tqdm.format_interval(forecast)} left" if left else "")
