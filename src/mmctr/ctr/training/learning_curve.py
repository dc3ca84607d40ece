"""How fast a model learns: training time without validations, and near-convergence."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytorch_lightning as pl


class TrainingClock(pl.Callback):
    """Measures the seconds of training before each validation, without validations."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Store the clock."""
        self._clock = clock
        self._trained = 0.0
        self._since: float | None = None
        self.seconds: list[float] = []
        """One value per validation, in order."""

    def on_train_start(self, *_: object) -> None:
        """Start the clock."""
        self._since = self._clock()

    def on_validation_start(self, *_: object) -> None:
        """Stop the clock, and record its time."""
        if self._since is not None:
            self._trained += self._clock() - self._since
            self._since = None
        self.seconds.append(self._trained)

    def on_validation_end(self, *_: object) -> None:
        """Restart the clock."""
        self._since = self._clock()


class TimeLimit(pl.Callback):
    """Ends a training, with a last validation, once the clock has run out."""

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Store the limit and the clock."""
        self._limit = seconds
        self._clock = clock
        self._start = 0.0
        self.reached = False

    def on_train_start(self, *_: object) -> None:
        """Start the clock."""
        self._start = self._clock()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        """End the training once the time is up."""
        if self._clock() - self._start > self._limit:
            self.reached = trainer.should_stop = True


def first_within(
    curve: Sequence[dict[str, Any]], share: float = 0.99, measure: str = "auc"
) -> dict[str, Any]:
    """Find the first validation that reaches a share of the best one.

    Args:
        curve: One entry per validation, in order, each with ``measure``.
        share: Share of the highest value.
        measure: Name of the value.

    Returns:
        The entry.

    Raises:
        ValueError: If there is no validation, or the share is not in 0..1.
    """
    if not curve:
        raise ValueError("a learning curve needs at least one validation")
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it must lie in 0..1")
    threshold = share * max(entry[measure] for entry in curve)
    return next(entry for entry in curve if entry[measure] >= threshold)
