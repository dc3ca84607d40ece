"""Lightning's training as one bar of steps."""

import pytorch_lightning as pl
from tqdm import tqdm

from mmctr.runtime.progress import progress_bar


class ProgressCallback(pl.Callback):
    """One bar of steps for all epochs; early stopping ends it before its time."""

    def __init__(
        self,
        label: str,
        *,
        show: bool,
        metric: str | None = None,
    ) -> None:
        """Take the settings.

        Args:
            label: What is being trained.
            show: Whether a bar is drawn.
            metric: What is shown of each validation, by the name it is logged under.
        """
        self._label = label
        self._show = show
        self._metric = metric
        self._bar: tqdm | None = None

    def on_train_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
        """Draw the bar before the first step, also of a resumed training."""
        if self._bar is not None:
            return
        epochs = trainer.max_epochs or 1
        self._bar = progress_bar(
            self._label,
            epochs * int(trainer.num_training_batches),
            done=trainer.global_step,
            show=self._show,
            may_stop_early=epochs - trainer.current_epoch > 1,
        )

    def on_train_batch_end(self, *_: object) -> None:
        """Count a step."""
        if self._bar is not None:
            self._bar.update()

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

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
