"""Training step and validation of a CTR model, for Lightning."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from mmctr.ctr.inputs.batch_part import PartialBatch
from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.layers.dropout import dropout_layers, set_dropout_step
from mmctr.ctr.models.base import CtrModel
from mmctr.ctr.params import CtrParams
from mmctr.ctr.prediction import (
    click_probabilities,
    precision_context,
    to_float64,
)
from mmctr.ctr.training.divergence import DivergedError
from mmctr.ctr.training.losses import training_loss
from mmctr.ctr.training.monitor import is_better
from mmctr.ctr.training.optimizer import (
    add_l2_gradient,
    clip_gradients,
    make_optimizer,
    make_plateau,
    network_weights,
    rate_factor,
    scaled_rates,
)
from mmctr.ctr.training.weight_average import WeightAverage, measure_norms
from mmctr.evaluation import auc, gauc, logloss
from mmctr.runtime.ranks import Ranks, gather_rows

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidationRows:
    """Labels and groups of the validation rows, ``[rows]`` each.

    ``weights`` are how much each row counts in the metrics; None: all the same.
    """

    labels: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class BestWeights:
    """Weights of the validation with the best monitor, on the CPU, by name.

    Attributes:
        score: The monitor's value; None before the first validation.
        step: Training steps before that validation.
        weights: Empty before the first validation.
    """

    score: float | None = None
    step: int = 0
    weights: dict[str, torch.Tensor] = field(default_factory=dict, repr=False)


class CtrLightningModule(pl.LightningModule):
    """A loss plus L2 on the embeddings and the network, with L2 inside the clip."""

    def __init__(
        self,
        model: CtrModel,
        rows: ValidationRows,
        params: CtrParams,
        norm_batches: Iterable[Batch] = (),
        negative_keep: float = 1.0,
        follow: Sequence[float] = (),
        ranks: Ranks | None = None,
    ) -> None:
        """Store what a training needs.

        Args:
            model: Before training.
            rows: Labels and groups of valid.
            params: Training parameters.
            norm_batches: Of train; with ``weight_average`` batch normalisation is
                measured on them before each validation.
            negative_keep: Share of the negatives that train's rows are a draw of.
            follow: The monitor at each validation of an earlier training; this one
                lowers its rates where that one did, and ends and keeps its weights at
                the last of them, whatever its own validations measure.
            ranks: The processes that share batches; None: one.
        """
        super().__init__()
        self.model = model
        self._rows = rows
        self._norm_batches = norm_batches
        self._negative_keep = negative_keep
        self._follow = tuple(follow)
        self._ranks = ranks or Ranks()
        self._params = params.training
        # Collected once: walking over all modules takes a millisecond.
        self._tables = model.embedding_tables()
        self._network = network_weights(model)
        self._dropouts = dropout_layers(model)
        self._scores: list[torch.Tensor] = []
        self.validations: list[dict[str, Any]] = []
        self.best = BestWeights()
        self.gradient_norm: torch.Tensor | None = None
        """Norm of the latest step's gradient before the clip, on the device."""
        self._plateau: torch.optim.lr_scheduler.ReduceLROnPlateau | None = None
        self._average: WeightAverage | None = None
        # Of a checkpoint, which is read before these are made.
        self._restored_plateau: dict[str, Any] = {}
        self._restored_average: list[torch.Tensor] = []

    def keep_start(self, scores: np.ndarray) -> None:
        """Make the weights before any step the best so far.

        Args:
            scores: ``[rows of valid]``, their predictions; no later weights are kept
                that are worse on valid.
        """
        metrics = self._measure(scores)
        entry = {"step": 0, "learning_rate": self._params.learning_rate, **metrics}
        self.validations.append(entry)
        score = metrics[self._params.monitor]
        self._keep_if_better(float("nan") if score is None else score, 0)

    def configure_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Make the optimiser, its schedule and the average, on the model's device."""
        params = self._params
        optimizer = make_optimizer(self.model, params)
        # Stepped here: Lightning would skip it after the epoch in which it resumes.
        self._plateau = make_plateau(optimizer, params)
        if self._plateau is not None and self._restored_plateau:
            self._plateau.load_state_dict(self._restored_plateau)
        if params.weight_average > 0:
            self._average = WeightAverage(self.model, params.weight_average)
            if self._restored_average:
                self._average.load_state(self._restored_average)
        return {"optimizer": optimizer}

    def on_train_batch_start(self, batch: Batch | PartialBatch, batch_idx: int) -> None:
        """Make dropout masks depend on the step, not on earlier draws."""
        part = batch.part if isinstance(batch, PartialBatch) else None
        set_dropout_step(self._dropouts, self.global_step, part)

    def training_step(
        self, batch: Batch | PartialBatch, batch_idx: int
    ) -> torch.Tensor:
        """The loss of the whole batch; the L2 part is added to the gradients."""
        if isinstance(batch, PartialBatch):
            own, rows = self.model(batch.own), batch.part.rows
            own = own.to(torch.promote_types(own.dtype, torch.float32))
            logits = gather_rows(own, rows.start, rows.total)
        else:
            logits = self.model(batch)
        return training_loss(logits, batch, self._params, self._negative_keep)

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: torch.optim.Optimizer,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Take a step at its own learning rate, and update the average."""
        step = self.global_step
        with scaled_rates(optimizer, self._rate_factor(step)):
            optimizer.step(closure=optimizer_closure)
        if self._average is not None:
            self._average.update(step + 1)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Add the gradients of both ``lambda/2 ||W||^2``, then clip the whole norm."""
        add_l2_gradient(self._tables, self._params.embedding_l2)
        add_l2_gradient(self._network, self._params.network_l2)
        # Lightning's own clip refuses a fused optimizer in bf16, which has no scaler.
        self.gradient_norm = clip_gradients(self.model, self._params.clip_norm)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the metrics so far, the best weights, the schedule and the average."""
        checkpoint["validations"] = self.validations
        checkpoint["best"] = vars(self.best)
        checkpoint["plateau"] = self._plateau.state_dict() if self._plateau else {}
        checkpoint["average"] = self._average.state() if self._average else []

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore them."""
        self.validations = list(checkpoint["validations"])
        self.best = BestWeights(**checkpoint["best"])
        self._restored_plateau = checkpoint["plateau"]
        self._restored_average = checkpoint["average"]

    def on_validation_start(self) -> None:
        """Validate the average, if there is one."""
        if self._average is not None:
            device = next(self.model.parameters()).device
            batches = (
                Batch(*(tensor.to(device) for tensor in batch))
                for batch in self._norm_batches
            )
            self._average.apply()
            with precision_context(device, self._params.precision):
                measure_norms(self.model, batches)

    def on_validation_epoch_start(self) -> None:
        """Drop the scores of the previous validation."""
        self._scores = []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep the scores on the device; metrics need them all."""
        self._scores.append(click_probabilities(self.model, batch))

    def on_validation_epoch_end(self) -> None:
        """Compute, record and log the metrics."""
        scores = np.concatenate(self._ranks.gather(to_float64(self._scores)))
        if not np.isfinite(scores).all():
            rows = np.flatnonzero(~np.isfinite(scores))
            raise DivergedError(
                f"training: after step {self.global_step} the model's scores are no "
                f"longer finite, first on rows {rows[:5].tolist()} of valid; lower "
                "ctr_modeling.training.learning_rate or clip_norm"
            )
        metrics = self._ranks.of_first(
            self._measure(scores) if self._ranks.is_first else None
        )
        values = {name: float("nan") if x is None else x for name, x in metrics.items()}
        self.log_dict(values)
        rate = self.trainer.optimizers[0].param_groups[0]["lr"]
        rate *= self._rate_factor(max(self.global_step - 1, 0))
        self.validations.append(
            {"step": self.global_step, "learning_rate": rate, **metrics}
        )
        monitored = values[self._params.monitor]
        if self._follow:
            monitored = self._follow[len(self.validations) - 1]
            self.trainer.should_stop = len(self.validations) == len(self._follow)
        if self._plateau is not None:
            # In single precision, as Lightning compares them to stop early.
            self._plateau.step(float(np.float32(monitored)))
        if self._follow or not self._ranks.is_first:
            return
        LOGGER.info(
            "step %d: valid AUC %.4f, gAUC %.4f, logloss %.4f",
            self.global_step,
            values["auc"],
            values["gauc"],
            values["logloss"],
        )

    def on_validation_end(self) -> None:
        """Copy the weights to the CPU if the monitor has a new best value."""
        self._keep_if_better(
            float(self.trainer.callback_metrics[self._params.monitor]), self.global_step
        )
        self.restore_trained_weights()

    def _measure(self, scores: np.ndarray) -> dict[str, float | None]:
        labels, groups, weights = vars(self._rows).values()
        return {
            "auc": auc(labels, scores, weights),
            "gauc": gauc(labels, scores, groups, weights),
            "logloss": logloss(labels, scores, weights),
        }

    def _keep_if_better(self, score: float, step: int) -> None:
        follows = bool(self._follow)
        if follows or is_better(self._params.monitor, score, self.best.score):
            weights = {
                name: tensor.detach().to("cpu", copy=True).contiguous()
                for name, tensor in self.model.state_dict().items()
            }
            self.best = BestWeights(score, step, weights)

    def restore_trained_weights(self) -> None:
        """Put the trained weights in place of the average, also after an error."""
        if self._average is not None:
            self._average.restore()

    def _rate_factor(self, step: int) -> float:
        steps = 0
        if self._plateau is None:
            # Asked for before the first step, Lightning would load the data too early,
            # without their place in a checkpoint.
            steps = int(self.trainer.estimated_stepping_batches)
        return rate_factor(step, steps, self._params)
