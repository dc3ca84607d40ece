"""Lightning's training as one bar, validations included."""

import pytorch_lightning as pl

from mmctr.runtime.progress import Progress

# A validation step has no backward pass, which takes twice the time of the forward one.
_FORWARD_SHARE = 1 / 3


class ProgressCallback(pl.Callback):
    """One bar for all epochs; early stopping ends it before its time."""

    def __init__(
        self,
        label: str,
        *,
        show: bool,
        validation_rows_ratio: float = 1.0,
        metric: str | None = None,
    ) -> None:
        """Take the settings.

        Args:
            label: What is being trained.
            show: Whether a bar is drawn.
            validation_rows_ratio: Rows of a validation batch over those of a training
                batch; tells how long a validation takes before the first one.
            metric: What is shown of each validation, by the name it is logged under.
        """
        self._label = label
        self._show = show
        self._metric = metric
        self._guess = validation_rows_ratio * _FORWARD_SHARE
        self._progress: Progress | None = None

    def on_train_epoch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Plan the bar at the first epoch; from then on, time its steps."""
        self._plan(trainer)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: object
    ) -> None:
        """The same, in a training that goes on within an epoch."""
        if self._progress is None:
            self._plan(trainer)

    def _plan(self, trainer: pl.Trainer) -> None:
        if self._progress is None:
            done = trainer.current_epoch
            epochs = (trainer.max_epochs or 1) - done
            batches = int(trainer.num_training_batches)
            validations = epochs * max(batches // int(trainer.val_check_batch), 1)
            self._progress = Progress(
                self._label,
                {
                    "train": (epochs + done) * batches - trainer.global_step,
                    "valid": validations * sum(int(n) for n in trainer.num_val_batches),
                },
                show=self._show,
                guess={"valid": self._guess},
                may_stop_early=epochs > 1,
            )
        self._progress.begin()

    def on_train_batch_end(self, *_: object) -> None:
        """Count a training step."""
        if self._progress is not None:
            self._progress.advance("train")

    def on_validation_start(self, *_: object) -> None:
        """Time validation steps from here."""
        if self._progress is not None:
            self._progress.begin()

    def on_validation_batch_end(self, *_: object) -> None:
        """Count a validation step."""
        if self._progress is not None:
            self._progress.advance("valid")

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Show the metric, and time training steps again."""
        if self._progress is None:
            return
        value = trainer.callback_metrics.get(self._metric or "")
        if value is not None:
            self._progress.note(f"{self._metric} {float(value):.4g}")
        self._progress.begin()

    def on_train_end(self, *_: object) -> None:
        """End the bar."""
        self._close()

    def on_exception(self, *_: object) -> None:
        """End the bar, so that the error has a line of its own."""
        self._close()

    def _close(self) -> None:
        if self._progress is not None:
            self._progress.close()
            self._progress = None
