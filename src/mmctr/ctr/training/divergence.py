"""Stop a training at the step where loss or gradient is no longer finite."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from mmctr.ctr.inputs.batch_order import EpochBatches

CHECKED_EVERY = 50
"""Steps between two checks on a GPU; each check waits for the device."""

_SHOWN = 20


class DivergedError(ValueError):
    """Loss, gradient or scores are no longer finite."""


class DivergenceCheck(pl.Callback):
    """Checks loss and gradient norm of every step.

    On a CPU right after the step. On other devices that would make the host wait each
    time: there the check covers the latest :data:`CHECKED_EVERY` steps at once, also
    before validations and checkpoints, and still names the step.
    """

    def __init__(self, batches: EpochBatches) -> None:
        """Store the order of the batches, to name the rows of a diverged step."""
        self._batches = batches
        self._pending: list[tuple[int, int, int, torch.Tensor, torch.Tensor]] = []

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Record a step, and check the recorded ones when due."""
        loss, norm = outputs["loss"].detach(), pl_module.gradient_norm
        step = (trainer.global_step, trainer.current_epoch, batch_idx)
        self._pending.append((*step, loss, norm))
        is_cpu = loss.device.type == "cpu"
        if is_cpu or len(self._pending) >= CHECKED_EVERY:
            self.check()

    def on_validation_start(self, *_: object) -> None:
        """Don't validate a diverged model."""
        self.check()

    def on_save_checkpoint(self, *_: object) -> None:
        """Don't keep a diverged model."""
        self.check()

    def check(self) -> None:
        """Check the steps recorded since the last check.

        Raises:
            DivergedError: Naming the first diverged step and the rows of its batch.
        """
        pending, self._pending = self._pending, []
        if not pending:
            return
        pairs = [torch.stack([x.float() for x in noted[3:]]) for noted in pending]
        values = torch.stack(pairs).tolist()
        for (step, epoch, number, *_), (loss, norm) in zip(
            pending, values, strict=True
        ):
            if not np.isfinite([loss, norm]).all():
                what = "loss" if not np.isfinite(loss) else "norm of the gradient"
                value = loss if what == "loss" else norm
                rows = self._batches.batches_in(epoch)[number]
                raise DivergedError(_describe(what, value, step, rows))


def _describe(what: str, value: float, step: int, rows: np.ndarray) -> str:
    shown = ", ".join(map(str, rows[:_SHOWN].tolist()))
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return (
        f"training: the {what} is {value} at step {step:,}, on rows {shown}{more} of "
        "train (positions, from 0); lower ctr_modeling.training.learning_rate or "
        "clip_norm, and check the vectors of these rows' items"
    )
