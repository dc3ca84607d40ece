"""A training that leaves the finite numbers ends at that step, and says where."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from mmctr.ctr.inputs.click_log import EpochBatches

CHECKED_EVERY = 50
"""Steps between two looks at what a GPU computed; each look waits for it."""

_SHOWN = 20


class DivergedError(ValueError):
    """Loss, gradient or scores are not finite any more."""


class FiniteCheck(pl.Callback):
    """Looks at loss and gradient norm of every step.

    On a CPU it does so right after the step. Elsewhere the host would have to wait for
    the device each time: there it looks back every :data:`CHECKED_EVERY` steps, before
    validations and before checkpoints, and still names the step.
    """

    def __init__(self, batches: EpochBatches) -> None:
        """Take the plan of the batches, which knows their rows."""
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
        """Note a step, and look at the noted ones when it is time."""
        loss, norm = outputs["loss"].detach(), pl_module.gradient_norm
        step = (trainer.global_step, trainer.current_epoch, batch_idx)
        self._pending.append((*step, loss, norm))
        is_cpu = loss.device.type == "cpu"
        if is_cpu or len(self._pending) >= CHECKED_EVERY:
            self.check()

    def on_validation_start(self, *_: object) -> None:
        """A model that is no more is not measured."""
        self.check()

    def check(self) -> None:
        """Look at the steps noted since the last time.

        Raises:
            DivergedError: With the first such step and the rows of its batch.
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
                rows = self._batches.rows_of(epoch, number)
                raise DivergedError(_tell(what, value, step, rows))


def _tell(what: str, value: float, step: int, rows: np.ndarray) -> str:
    shown = ", ".join(map(str, rows[:_SHOWN].tolist()))
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return (
        f"training: the {what} is {value} at step {step:,}, on rows {shown}{more} of "
        "train (positions, from 0); lower ctr_modeling.training.learning_rate or "
        "clip_norm, and look whether vectors of these rows' items are as they should be"
    )
