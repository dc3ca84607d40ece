"""Trainings that are killed, and a comparison of their results to the last bit."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytorch_lightning as pl

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.trained_model import TrainedModel
from mmctr.runtime.ranks import Ranks


class Killed(BaseException):
    """Stands for ``kill -9``: only what is on the disk remains."""


class KillAt(pl.Callback):
    """Kills after a step, before a checkpoint could be written, or in a validation."""

    def __init__(self, step: int, *, in_validation: bool = False) -> None:
        self.step = step
        self.in_validation = in_validation

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        if trainer.global_step == self.step and not self.in_validation:
            raise Killed

    def on_validation_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        if trainer.global_step == self.step and self.in_validation:
            raise Killed


class KilledOnce(pl.Callback):
    """The last of several processes ends by ``kill -9``, but not a second time."""

    def __init__(self, step: int, mark: Path) -> None:
        self.step = step
        self.mark = mark

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        ranks = Ranks.current()
        is_last = ranks.rank == ranks.count - 1
        if trainer.global_step == self.step and is_last and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Steps(pl.Callback):
    """Counts the steps of a process."""

    def __init__(self) -> None:
        self.count = 0

    def on_train_batch_end(self, *_: object) -> None:
        self.count += 1


def train(
    world: tuple[ItemTable, ClickLog, ClickLog],
    params: CtrParams,
    folder: Path | None,
    *callbacks: pl.Callback,
) -> TrainedModel:
    """Train, with checkpoints in a folder; groups of valid are of four rows."""
    table, log, valid = world
    groups = np.arange(len(valid)) // 4
    return train_ctr_model(
        table, log, valid, groups, params, callbacks=callbacks, checkpoints=folder
    )


def require_equal(one: TrainedModel, other: TrainedModel) -> None:
    assert one.weights.keys() == other.weights.keys()
    for name, weight in one.weights.items():
        assert weight.numpy().tobytes() == other.weights[name].numpy().tobytes(), name
    assert json.dumps(one.history) == json.dumps(other.history)
