"""Training step and validation of a CTR model, for Lightning."""

import logging
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.nn import functional

from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.layers.dropout import dropout_layers, set_dropout_step
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.divergence import DivergedError
from mmctr.evaluation import auc, gauc, logloss

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidationRows:
    """Labels and groups of the validation rows, ``[rows]`` each."""

    labels: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class BestWeights:
    """Weights of the validation with the best monitor, on the CPU, by name.

    Attributes:
        score: The monitor's value; -inf before the first validation.
        step: Training steps before that validation.
        weights: Empty before the first validation.
    """

    score: float = float("-inf")
    step: int = 0
    weights: dict[str, torch.Tensor] = field(default_factory=dict, repr=False)


class CtrLightningModule(pl.LightningModule):
    """Binary cross-entropy plus L2 on the embeddings, with L2 inside the clip."""

    def __init__(self, model: Din, rows: ValidationRows, params: CtrParams) -> None:
        """Store the model, the validation rows and the training parameters."""
        super().__init__()
        self.model = model
        self._rows = rows
        self._params = params.training
        # Collected once: walking over all modules takes a millisecond.
        self._tables = model.embedding_tables()
        self._dropouts = dropout_layers(model)
        self._scores: list[torch.Tensor] = []
        self.validations: list[dict[str, Any]] = []
        self.best = BestWeights()
        self.gradient_norm: torch.Tensor | None = None
        """Norm of the latest step's gradient before the clip, on the device."""
        self._schedule: torch.optim.lr_scheduler.ReduceLROnPlateau | None = None
        self._restored_schedule: dict[str, Any] = {}

    def configure_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Adam, and a learning rate that falls when the monitor stops improving."""
        # Every device that can be chosen has the fused kernel.
        optimizer = torch.optim.Adam(
            self.model.parameters(), lr=self._params.learning_rate, fused=True
        )
        # Stepped here: Lightning would skip it after the epoch in which it resumes.
        self._schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode="max",
            factor=self._params.lr_factor,
            patience=self._params.lr_patience,
            threshold=0.0,
            min_lr=self._params.min_learning_rate,
        )
        if self._restored_schedule:
            self._schedule.load_state_dict(self._restored_schedule)
        return {"optimizer": optimizer}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Make dropout masks depend on the step, not on earlier draws."""
        set_dropout_step(self._dropouts, self.global_step)

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Mean binary cross-entropy; the L2 part is added to the gradients."""
        return functional.binary_cross_entropy_with_logits(
            self.model(batch), batch.label
        )

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Add the gradient of ``lambda/2 ||E||^2``, then clip the norm of the whole."""
        add_l2_gradient(self._tables, self._params.embedding_l2)
        # Lightning's own clip refuses a fused optimizer in bf16, which has no scaler.
        self.gradient_norm = torch.nn.utils.clip_grad_norm_(
            self.model.parameters(), self._params.clip_norm
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the validations' metrics, the best weights and the schedule."""
        checkpoint["validations"] = self.validations
        checkpoint["best"] = vars(self.best)
        checkpoint["schedule"] = self._schedule.state_dict() if self._schedule else {}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore them."""
        self.validations = list(checkpoint["validations"])
        self.best = BestWeights(**checkpoint["best"])
        self._restored_schedule = checkpoint["schedule"]

    def on_validation_epoch_start(self) -> None:
        """Drop the scores of the previous validation."""
        self._scores = []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep the scores on the device; metrics need them all."""
        self._scores.append(click_probabilities(self.model, batch))

    def on_validation_epoch_end(self) -> None:
        """Compute, record and log the metrics."""
        scores = to_float64(self._scores)
        labels, groups = self._rows.labels, self._rows.groups
        if not np.isfinite(scores).all():
            rows = np.flatnonzero(~np.isfinite(scores))
            raise DivergedError(
                f"training: after step {self.global_step} the model's scores are no "
                f"longer finite, first on rows {rows[:5].tolist()} of valid; lower "
                "ctr_modeling.training.learning_rate or clip_norm"
            )
        metrics = {
            "auc": auc(labels, scores),
            "gauc": gauc(labels, scores, groups),
            "logloss": logloss(labels, scores),
        }
        values = {name: float("nan") if x is None else x for name, x in metrics.items()}
        self.log_dict(values)
        rate = self.trainer.optimizers[0].param_groups[0]["lr"]
        self.validations.append(
            {"step": self.global_step, "learning_rate": rate, **metrics}
        )
        if self._schedule is not None:
            # In single precision, as Lightning compares them to stop early.
            self._schedule.step(float(np.float32(values[self._params.monitor])))
        LOGGER.info(
            "step %d: valid AUC %.4f, gAUC %.4f, logloss %.4f",
            self.global_step,
            values["auc"],
            values["gauc"],
            values["logloss"],
        )

    def on_validation_end(self) -> None:
        """Copy the weights to the CPU if the monitor has a new best value."""
        score = float(self.trainer.callback_metrics[self._params.monitor])
        if score > self.best.score:
            weights = {
                name: tensor.detach().to("cpu", copy=True).contiguous()
                for name, tensor in self.model.state_dict().items()
            }
            self.best = BestWeights(score, self.global_step, weights)


def click_probabilities(model: Din, batch: Batch) -> torch.Tensor:
    """Score a batch: ``[B]`` float32 probabilities, on the model's device."""
    # As in the loss, logits of bf16 are widened first: their sigmoids would be ties.
    return torch.sigmoid(model(batch).float())


def to_float64(scores: list[torch.Tensor]) -> np.ndarray:
    """Copy the scores of a pass to the host, at once: ``[rows]`` float64.

    Only the copy is widened, since MPS has no float64.
    """
    return torch.cat(scores).cpu().double().numpy()


@torch.no_grad()
def add_l2_gradient(tables: list[torch.nn.Parameter], strength: float) -> None:
    """Add the gradient of ``strength/2 * ||E||^2`` to each table's, in place."""
    trained = [table for table in tables if table.grad is not None]
    if strength > 0 and trained:
        torch._foreach_add_([t.grad for t in trained], trained, alpha=strength)
