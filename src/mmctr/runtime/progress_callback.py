"""Lightning's training as one bar, validations included."""

import pytorch_lightning as pl
from tqdm import tqdm

from mmctr.runtime.progress import progress_bar

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
                batch: how much of the bar a validation step is.
            metric: What is shown of each validation, by the name it is logged under.
        """
        self._label = label
        self._show = show
        self._metric = metric
        self._validation_step = validation_rows_ratio * _FORWARD_SHARE
        self._bar: tqdm | None = None

    def on_train_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
        """Draw the bar before the first step, also of a resumed training."""
        if self._bar is not None:
            return
        done, epochs = trainer.current_epoch, trainer.max_epochs or 1
        batches = int(trainer.num_training_batches)
        validations = max(batches // int(trainer.val_check_batch), 1)
        steps = sum(int(n) for n in trainer.num_val_batches)
        self._bar = progress_bar(
            self._label,
            float(epochs * batches - trainer.global_step)
            + (epochs - done) * validations * steps * self._validation_step,
            show=self._show,
            may_stop_early=epochs - done > 1,
        )

    def on_train_batch_end(self, *_: object) -> None:
        """Count a training step."""
        self._advance(1.0)

    def on_validation_batch_end(self, *_: object) -> None:
        """Count a validation step."""
        self._advance(self._validation_step)

    def on_validation_end(self, trainer: pl.Trainer, *_: object) -> None:
        """Show the metric."""
        value = trainer.callback_metrics.get(self._metric or "")
        if self._bar is not None and value is not None:
            text = f"{self._metric} {float(value):.4g}"
            self._bar.set_postfix_str(text, refresh=False)

    def on_train_end(self, *_: object) -> None:
        """End the bar."""
        self._close()

    def on_exception(self, *_: object) -> None:
        """End the bar, so that the error has a line of its own."""
        self._close()

    def _advance(self, steps: float) -> None:
        if self._bar is not None:
            # Sums of fractions may exceed the total by a rounding error.
            self._bar.update(min(steps, self._bar.total - self._bar.n))

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
