"""How far a long job is, and how much time it still needs."""

import multiprocessing
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Self, TypeVar

from tqdm import tqdm

T = TypeVar("T")

# First steps allocate memory and start threads; the latest tell the speed of now.
WARM_UP = 3
WINDOW = 200


class Forecast:
    """The time left, from how long recent steps took.

    A job has phases whose steps take different times, training and validation for
    instance. Each is timed by its own latest steps, without its first ones and without
    what lies between phases.
    """

    def __init__(
        self,
        steps: Mapping[str, int],
        *,
        guess: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Plan a job.

        Args:
            steps: Steps of each phase, all rounds of it together.
            guess: For a phase not timed yet, how many steps of the first phase one of
                its steps takes.
            clock: Gives seconds.
        """
        self._left = dict(steps)
        self._guess = dict(guess or {})
        self._clock = clock
        self._seen = dict.fromkeys(steps, 0)
        self._recent = {name: deque[float](maxlen=WINDOW) for name in steps}
        self._mark = clock()

    def begin(self) -> None:
        """Start the clock of the next step, whatever came before."""
        self._mark = self._clock()

    def advance(self, phase: str) -> None:
        """Count a step of a phase as done."""
        now = self._clock()
        self._left[phase] = max(self._left[phase] - 1, 0)
        self._seen[phase] += 1
        if self._seen[phase] > WARM_UP:
            self._recent[phase].append(now - self._mark)
        self._mark = now

    def seconds_left(self) -> float | None:
        """Sum over the phases; None while the first of them is not timed."""
        first = next(iter(self._left))
        base = self._step_seconds(first)
        if base is None:
            return None
        left = 0.0
        for phase, steps in self._left.items():
            seconds = self._step_seconds(phase)
            if seconds is None:
                seconds = base * self._guess.get(phase, 1.0)
            left += steps * seconds
        return left

    def _step_seconds(self, phase: str) -> float | None:
        recent = self._recent[phase]
        return sum(recent) / len(recent) if recent else None


class Progress:
    """A bar on stderr with the time left; silent unless it shall be shown."""

    def __init__(
        self,
        label: str,
        steps: Mapping[str, int],
        *,
        show: bool,
        guess: Mapping[str, float] | None = None,
        may_stop_early: bool = False,
    ) -> None:
        """Draw an empty bar.

        Args:
            label: What is being done.
            steps: Steps of each phase, see :class:`Forecast`.
            show: Whether to draw anything; see :func:`is_shown`.
            guess: See :class:`Forecast`.
            may_stop_early: Whether the time left is an upper bound.
        """
        self._forecast = Forecast(steps, guess=guess)
        self._note = ""
        self._bound = "at most " if may_stop_early else ""
        self._bar = tqdm(
            total=sum(steps.values()),
            desc=label,
            disable=not show,
            file=sys.stderr,
            # A log file needs no more than two lines a minute.
            mininterval=0.5 if sys.stderr.isatty() else 30.0,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} "
            "[{elapsed} gone{postfix}]",
        )

    def __enter__(self) -> Self:
        """Use it as a context."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the bar as it is."""
        self.close()

    def begin(self) -> None:
        """Start timing the next step."""
        self._forecast.begin()

    def advance(self, phase: str) -> None:
        """Count one step of a phase."""
        self._forecast.advance(phase)
        if self._bar.disable:
            return
        # Some microseconds; tqdm redraws when it likes, and never an old text.
        left = self._forecast.seconds_left()
        if left is not None:
            text = f"{self._bound}{tqdm.format_interval(left)} left{self._note}"
            self._bar.set_postfix_str(text, refresh=False)
        self._bar.update()

    def note(self, text: str) -> None:
        """Show the current metric, or whatever else is known by now, after the time."""
        self._note = f", {text}"

    def close(self) -> None:
        """End the bar; the metric stays."""
        self._bar.set_postfix_str(self._note.removeprefix(", "), refresh=False)
        self._bar.close()


def is_shown(wanted: bool) -> bool:
    """Whether bars are drawn: if a parameter wants it, or on a terminal.

    Never in a process that another one started: several would draw over each other.
    """
    if multiprocessing.parent_process() is not None:
        return False
    return wanted or sys.stderr.isatty()


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
    with Progress(label, {label: total}, show=show) as progress:
        for item in items:
            yield item
            progress.advance(label)
