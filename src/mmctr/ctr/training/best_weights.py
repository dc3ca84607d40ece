"""The weights of the best validation, in memory."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn


class BestWeights(pl.Callback):
    """Keeps a copy of a model on the CPU whenever the monitor rises above all before.

    Attributes:
        score: The best value; -inf before the first validation.
        step: Steps of training before it.
        weights: By name; empty before the first validation.
    """

    def __init__(self, model: nn.Module, monitor: str) -> None:
        """Take the model and the name of the measure."""
        self._model = model
        self.monitor = monitor
        self.score = float("-inf")
        self.step = 0
        self.weights: dict[str, torch.Tensor] = {}

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Compare and copy."""
        score = float(trainer.callback_metrics[self.monitor])
        if score > self.score:
            self.score, self.step = score, trainer.global_step
            self.weights = {
                name: tensor.detach().to("cpu", copy=True).contiguous()
                for name, tensor in self._model.state_dict().items()
            }

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"score": self.score, "step": self.step, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self.score, self.step = state_dict["score"], state_dict["step"]
        self.weights = state_dict["weights"]
