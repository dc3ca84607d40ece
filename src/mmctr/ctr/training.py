"""Training a CTR model with Lightning, and predicting with it."""

import logging
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch.nn import functional
from torch.utils.data import DataLoader

from mmctr.ctr.click_log import Batch, ClickLog, EpochBatches, OrderedBatches
from mmctr.ctr.device import prepare_device
from mmctr.ctr.din import Din
from mmctr.ctr.dropout import dropout_layers, set_dropout_step
from mmctr.ctr.item_table import ItemTable
from mmctr.ctr.monitor import require_defined_monitor
from mmctr.ctr.params import CtrParams
from mmctr.evaluation import auc, gauc, logloss
from mmctr.progress import is_shown, track
from mmctr.progress_callback import ProgressCallback

LOGGER = logging.getLogger(__name__)

LIGHTNING_PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed"}


@dataclass(frozen=True)
class ValidationRows:
    """What a validation compares predictions with: ``[rows]`` labels and groups."""

    labels: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class TrainedModel:
    """The best weights, and what every validation measured, ready for JSON."""

    weights: dict[str, torch.Tensor]
    history: dict[str, object] = field(repr=False)


class CtrTask(pl.LightningModule):
    """Binary cross-entropy plus L2 on the embeddings, with L2 inside the clip."""

    def __init__(self, model: Din, rows: ValidationRows, params: CtrParams) -> None:
        """Take the model, the validation rows and the training parameters."""
        super().__init__()
        self.model = model
        self._rows = rows
        self._params = params.training
        # Looked for once: a walk over all modules takes a thousandth of a second.
        self._tables = model.embedding_tables()
        self._dropouts = dropout_layers(model)
        self._scores: list[torch.Tensor] = []
        self.validations: list[dict[str, float]] = []

    def configure_optimizers(self) -> dict[str, object]:
        """Adam, and a learning rate that falls when the monitor stops rising."""
        fused = self.device.type in {"cpu", "cuda"}
        optimizer = torch.optim.Adam(
            self.model.parameters(), lr=self._params.learning_rate, fused=fused
        )
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode="max",
            factor=self._params.lr_factor,
            patience=self._params.lr_patience,
            threshold=0.0,
            min_lr=self._params.min_learning_rate,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "monitor": self._params.monitor},
        }

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Dropout masks belong to the step, not to what was drawn before."""
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
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._params.clip_norm)

    def on_validation_epoch_start(self) -> None:
        """Forget the scores of the validation before."""
        self._scores = []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep the scores; metrics need them all."""
        self._scores.append(torch.sigmoid(self.model(batch)).double().cpu())

    def on_validation_epoch_end(self) -> None:
        """Measure, remember and log."""
        scores = torch.cat(self._scores).numpy()
        labels, groups = self._rows.labels, self._rows.groups
        if not np.isfinite(scores).all():
            raise ValueError(
                "the model's scores are not finite any more; lower "
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
        LOGGER.info(
            "step %d: valid AUC %.4f, gAUC %.4f, logloss %.4f",
            self.global_step,
            values["auc"],
            values["gauc"],
            values["logloss"],
        )


@torch.no_grad()
def add_l2_gradient(tables: list[torch.nn.Parameter], strength: float) -> None:
    """Add the gradient of ``strength/2 * ||E||^2`` to each table's, in place."""
    trained = [table for table in tables if table.grad is not None]
    if strength > 0 and trained:
        torch._foreach_add_([t.grad for t in trained], trained, alpha=strength)


def train_din(
    table: ItemTable,
    train: ClickLog,
    valid: ClickLog,
    valid_groups: np.ndarray,
    params: CtrParams,
    *,
    callbacks: Sequence[pl.Callback] = (),
) -> TrainedModel:
    """Train until the monitor stops rising, and keep the best weights.

    Args:
        table: The items.
        train: Labelled rows.
        valid: Labelled rows.
        valid_groups: ``[valid rows]`` int64 groups, for gAUC.
        params: Features, sizes, training.
        callbacks: Onlookers, such as a clock.

    Returns:
        Best weights on the CPU and the course of the training.

    Raises:
        ValueError: If labels are missing or of one class, or training diverges.
    """
    device = prepare_device(params.device, keep_memory=params.training.keep_memory)
    _require_both_classes(train.label, "train")
    require_defined_monitor(valid.label, valid_groups, params.training.monitor)
    _require_both_classes(valid.label, "valid")
    model = Din(table, train.seen_items(table.n_items), params)
    task = CtrTask(model, ValidationRows(valid.label, valid_groups), params)
    settings = params.training
    batches = EpochBatches(
        len(train),
        settings.batch_size,
        parts=settings.validations_per_epoch,
        seed=params.seed,
    )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # One process slices batches from memory: workers would only copy it.
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", ".*number of training batches.*")
        warnings.filterwarnings("ignore", ".*LeafSpec.*")
        best = ModelCheckpoint(
            folder, monitor=settings.monitor, mode="max", save_weights_only=True
        )
        trainer = _trainer(
            params,
            device,
            max_epochs=settings.max_epochs * batches.parts,
            callbacks=[
                best,
                EarlyStopping(
                    settings.monitor,
                    mode="max",
                    patience=settings.patience,
                    check_finite=True,
                ),
                *callbacks,
                ProgressCallback(
                    "training",
                    show=is_shown(params.progress),
                    validation_rows_ratio=settings.predict_batch_size
                    / settings.batch_size,
                ),
            ],
        )
        trainer.fit(
            task, _loader(train, batches), _loader(valid, _ordered(valid, params))
        )
        state = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
    task.load_state_dict(state["state_dict"])
    weights = {
        name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()
    }
    scores = [x[settings.monitor] for x in task.validations]
    return TrainedModel(
        weights,
        {
            "monitor": settings.monitor,
            "best": max(scores),
            "best_step": task.validations[int(np.argmax(scores))]["step"],
            "steps": trainer.global_step,
            "device": str(device),
            "features": list(model.items.features),
            "content": model.content,
            "weights": sum(tensor.numel() for tensor in model.parameters()),
            "validations": task.validations,
        },
    )


def predict_clicks(
    table: ItemTable,
    weights: dict[str, torch.Tensor],
    log: ClickLog,
    params: CtrParams,
) -> np.ndarray:
    """Score the rows of a log.

    Args:
        table: The items.
        weights: From :func:`train_din` with the same features and sizes.
        log: The rows.
        params: Features, sizes, device.

    Returns:
        ``[rows]`` float64 click probabilities, in the order of the log.
    """
    device = prepare_device(params.device, keep_memory=params.training.keep_memory)
    # Of no item it need be known whether training saw it: the weights tell.
    model = Din(table, np.zeros(table.n_items + 1, bool), params)
    model.load_state_dict(weights)
    model.to(device).eval()
    scores = []
    batches = _ordered(log, params)
    show = is_shown(params.progress)
    with torch.inference_mode():
        for rows in track(batches, "scoring", len(batches), show=show):
            batch = Batch(*(tensor.to(device) for tensor in log[rows]))
            scores.append(torch.sigmoid(model(batch)).double().cpu())
    return torch.cat(scores).numpy()


def _trainer(
    params: CtrParams,
    device: torch.device,
    *,
    max_epochs: int,
    callbacks: list[pl.Callback],
) -> pl.Trainer:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    return pl.Trainer(
        accelerator=device.type,
        devices=1,
        max_epochs=max_epochs,
        precision=LIGHTNING_PRECISION[params.training.precision],
        callbacks=callbacks,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def _loader(log: ClickLog, batches: EpochBatches | OrderedBatches) -> DataLoader[Batch]:
    """Batches whole: the sampler gives arrays of rows, the log slices them."""
    # Without a generator of its own a loader draws from the global one.
    generator = torch.Generator().manual_seed(0)
    return DataLoader(log, sampler=batches, batch_size=None, generator=generator)


def _ordered(log: ClickLog, params: CtrParams) -> OrderedBatches:
    return OrderedBatches(len(log), params.training.predict_batch_size)


def _require_both_classes(labels: np.ndarray, part: str) -> None:
    classes = set(np.unique(labels).tolist())
    if classes != {0.0, 1.0}:
        raise ValueError(
            f"{part}: labels must hold both 0 and 1 and nothing else, found "
            f"{sorted(classes)[:5]}; a model can't be trained or chosen without"
        )
