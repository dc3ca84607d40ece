"""The weights of the best validation, in memory."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn


class BestWeights(pl.Callback):
    """Keeps a copy of the model on the CPU whenever the monitor reaches a new best.

    Attributes:
        score: The best value; -inf before the first validation.
        step: Training steps before that validation.
        weights: By name; empty before the first validation.
    """

    def __init__(self, model: nn.Module, monitor: str) -> None:
        """Store the model and the name of the metric."""
        self._model = model
        self.monitor = monitor
        self.score = float("-inf")
        self.step = 0
        self.weights: dict[str, torch.Tensor] = {}

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Copy the weights if they are the best so far."""
        score = float(trainer.callback_metrics[self.monitor])
        if score > self.score:
            self.score, self.step = score, trainer.global_step
            self.weights = {
                name: tensor.detach().to("cpu", copy=True).contiguous()
                for name, tensor in self._model.state_dict().items()
            }

    def state_dict(self) -> dict[str, Any]:
        """State for a checkpoint."""
        return {"score": self.score, "step": self.step, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore it."""
        self.score, self.step = state_dict["score"], state_dict["step"]
        self.weights = state_dict["weights"]
