"""When a training writes checkpoints, and how it resumes from one.

Lightning keeps and restores model, optimiser, schedule, callbacks and its own progress.
Two moments are safe for that: after a step that is not the last of its epoch, and
before an epoch, when the validation of the one before has changed the learning rate.
"""

import logging
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.plugins.io.checkpoint_io import CheckpointIO
from torch.utils.data import DataLoader, Dataset

from mmctr.ctr.inputs.batch_order import EpochBatches
from mmctr.ctr.inputs.click_log import Batch
from mmctr.runtime.checkpoint_files import FINISHED, CheckpointFolder, others_in
from mmctr.runtime.code_commit import code_commit, warn_if_commits_differ
from mmctr.runtime.ranks import Ranks
from mmctr.runtime.signals import StopRequest

LOGGER = logging.getLogger(__name__)


class TrainLoader(DataLoader[Batch]):
    """Batches of the training rows; the state is the position in an epoch."""

    def __init__(
        self, log: Dataset[Any], batches: EpochBatches, **options: Any
    ) -> None:
        """Store the rows and their order; options are those of DataLoader."""
        super().__init__(log, sampler=batches, batch_size=None, **options)
        self._batches = batches

    def state_dict(self) -> dict[str, int]:
        """Epoch and batch."""
        return self._batches.state_dict()

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Skip the batches that were trained on."""
        self._batches.load_state_dict(state)


class CheckedFiles(CheckpointIO):
    """Lets Lightning write and read through a :class:`CheckpointFolder`."""

    def __init__(self, folder: CheckpointFolder) -> None:
        """Store the folder of the training."""
        super().__init__()
        self._folder = folder

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write a checkpoint."""
        self._folder.write(checkpoint, Path(path))

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read a checkpoint; always as weights and plain values only."""
        return self._folder.read(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        """Remove a checkpoint."""
        Path(path).unlink(missing_ok=True)


class Checkpointing(pl.Callback):
    """Writes checkpoints every few steps and after each validation.

    A signal to stop is answered at the next of these moments; during a validation,
    after it. Of several processes all stop, whichever the signal came to, and only
    where a checkpoint is due.
    """

    def __init__(
        self,
        folder: CheckpointFolder,
        every_steps: int,
        stop: StopRequest,
        ranks: Ranks,
    ) -> None:
        """Store the settings.

        Args:
            folder: The training's folder.
            every_steps: Steps between two checkpoints.
            stop: Receives signals.
            ranks: The processes that train.
        """
        self._folder = folder
        self._every = every_steps
        self._stop = stop
        self._ranks = ranks
        self._restored: int | None = None
        self._is_between_epochs = False

    def on_train_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Take signals back from Lightning; remember the first step."""
        self._stop.watch()
        self._restored = trainer.global_step

    def on_train_epoch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Write a checkpoint that includes the validation."""
        if trainer.global_step == self._restored:
            self._answer("nothing was trained")
            return
        self._is_between_epochs = True
        self._write(trainer)
        self._is_between_epochs = False

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Write a checkpoint when one is due, unless a validation follows."""
        if batch_idx + 1 >= trainer.num_training_batches or trainer.should_stop:
            return
        stops_here = self._stop.requested and self._ranks.count == 1
        if stops_here or trainer.global_step % self._every == 0:
            self._write(trainer)

    def on_save_checkpoint(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        """Note the code's commit; mark the next epoch as not started.

        Lightning counts that epoch as ready; resumed from there, it would skip batches.
        """
        checkpoint["commit"] = code_commit()
        if self._is_between_epochs:
            progress = checkpoint["loops"]["fit_loop"]["epoch_progress"]
            for counts in (progress["total"], progress["current"]):
                counts["ready"] = counts["completed"]

    def _write(self, trainer: pl.Trainer) -> None:
        path = self._folder.at_step(trainer.global_step)
        trainer.save_checkpoint(path)
        self._answer(f"training is saved up to step {trainer.global_step:,}")

    def _answer(self, what_is_kept: str) -> None:
        received = self._ranks.gather(self._stop.received)
        self._stop.answer(what_is_kept, received)


def log_resume_point(
    folder: CheckpointFolder, found: tuple[Path, dict[str, Any]] | None
) -> None:
    """Log where a training starts or resumes, and warn if another commit began it.

    Args:
        folder: The training's folder.
        found: Result of :meth:`CheckpointFolder.newest`.
    """
    if found is not None:
        made_by = found[1].get("commit") or found[1].get("history", {}).get("commit")
        warn_if_commits_differ((code_commit(), made_by), f"this run and {found[0]}")
    others = others_in(folder)
    if found is None and others:
        LOGGER.info(
            "no checkpoint for this training in %s; starting from scratch (%d other "
            "trainings there differ in parameters, data or code)",
            folder.path.parent,
            others,
        )
    elif found is not None and found[0].name == FINISHED:
        LOGGER.info("training is already finished: its result is in %s", found[0])
    elif found is not None:
        LOGGER.info(
            "training resumes at step %d, from %s",
            found[1]["global_step"],
            found[0],
        )
