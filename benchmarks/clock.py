"""The time of training steps, looked at from outside or taken by hand."""

import time
from collections.abc import Callable

import pytorch_lightning as pl
import torch

Step = Callable[[], torch.Tensor]
"""Fetches a batch, trains on it and gives back its loss."""


class StepClock(pl.Callback):
    """Notes when each training step of the product's own trainer ends.

    From one end to the next lie the loader, the step and whatever the trainer does.

    Attributes:
        now: The clock, in seconds.
    """

    now = staticmethod(time.perf_counter)

    def __init__(self) -> None:
        """Start without any step."""
        self._ends: list[float] = []

    def on_train_batch_end(self, *_: object) -> None:
        """Note the time; Lightning calls this after the optimiser's step."""
        self._ends.append(self.now())

    def seconds_a_step(self, *, warm_up: int) -> float:
        """Mean wall time of the steps behind the first ``warm_up``.

        Raises:
            ValueError: If no step is left, or the first would have to be counted: the
                time before it is the set-up's too.
        """
        steps = len(self._ends) - warm_up
        if warm_up < 1 or steps < 1:
            raise ValueError(
                f"clock: {len(self._ends)} steps with {warm_up} as a warm-up; one at "
                "least must be left out, and one be left"
            )
        return (self._ends[-1] - self._ends[warm_up - 1]) / steps


def seconds_a_step(
    step: Step,
    *,
    warm_up: int,
    steps: int,
    now: Callable[[], float] = time.perf_counter,
) -> float:
    """Mean time of ``steps`` steps behind ``warm_up`` that are not counted.

    Args:
        step: What is timed.
        warm_up: Steps before.
        steps: Steps counted, at least 1.
        now: The clock, in seconds; that on the wall unless given.
    """
    for _ in range(warm_up):
        step()
    start = now()
    for _ in range(steps):
        step()
    return (now() - start) / steps
