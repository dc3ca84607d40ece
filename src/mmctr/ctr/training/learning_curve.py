"""How fast a model learns: a clock without validations, and when it is nearly done."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytorch_lightning as pl


class TrainingClock(pl.Callback):
    """Seconds of training up to each validation, validations themselves left out."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Take a source of seconds."""
        self._clock = clock
        self._trained = 0.0
        self._since: float | None = None
        self.seconds: list[float] = []
        """One value a validation, in order."""

    def on_train_start(self, *_: object) -> None:
        """Begin."""
        self._since = self._clock()

    def on_validation_start(self, *_: object) -> None:
        """Stop the clock, and note what it says."""
        if self._since is not None:
            self._trained += self._clock() - self._since
            self._since = None
        self.seconds.append(self._trained)

    def on_validation_end(self, *_: object) -> None:
        """Go on."""
        self._since = self._clock()


class TimeLimit(pl.Callback):
    """Ends a training, with a last validation, once the clock has run out."""

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Take the limit and a source of seconds."""
        self._limit = seconds
        self._clock = clock
        self._start = 0.0
        self.reached = False

    def on_train_start(self, *_: object) -> None:
        """Begin."""
        self._start = self._clock()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        """Look at the clock after every step."""
        if self._clock() - self._start > self._limit:
            self.reached = trainer.should_stop = True


def first_within(
    curve: Sequence[dict[str, Any]], share: float = 0.99, measure: str = "auc"
) -> dict[str, Any]:
    """Find the first validation that reaches a share of the best one.

    Args:
        curve: One entry a validation, in order, each with ``measure``.
        share: Of the highest value, which is that of the weights that are kept.
        measure: Name of the value.

    Returns:
        The entry. Between two validations nothing is known: it is the later one.

    Raises:
        ValueError: If there is no validation, or the share is not in 0..1.
    """
    if not curve:
        raise ValueError("a learning curve needs a validation at least")
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it must lie in 0..1")
    wanted = share * max(entry[measure] for entry in curve)
    return next(entry for entry in curve if entry[measure] >= wanted)
