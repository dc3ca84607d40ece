"""Training a CTR model with Lightning, and predicting with it."""

import signal
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch.utils.data import DataLoader

from mmctr.ctr.inputs.click_log import Batch, ClickLog, EpochBatches, ordered_batches
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.checkpointing import (
    CheckedFiles,
    Checkpointing,
    TrainLoader,
    log_resume_point,
)
from mmctr.ctr.training.divergence import DivergedError, DivergenceCheck
from mmctr.ctr.training.key import training_key
from mmctr.ctr.training.lightning_module import (
    BestWeights,
    CtrLightningModule,
    ValidationRows,
    click_probabilities,
    to_float64,
)
from mmctr.ctr.training.monitor import require_defined_monitor
from mmctr.runtime.checkpoint_files import FINISHED, CheckpointFolder
from mmctr.runtime.code_commit import code_commit
from mmctr.runtime.device import prepare_device
from mmctr.runtime.lightning import quiet_lightning
from mmctr.runtime.progress import is_shown, track
from mmctr.runtime.progress_callback import ProgressCallback
from mmctr.runtime.signals import StopRequest

LIGHTNING_PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed"}


@dataclass(frozen=True)
class TrainedModel:
    """The best weights, and what every validation measured, ready for JSON."""

    weights: dict[str, torch.Tensor]
    history: dict[str, Any] = field(repr=False)


def train_din(
    table: ItemTable,
    train: ClickLog,
    valid: ClickLog,
    valid_groups: np.ndarray,
    params: CtrParams,
    *,
    callbacks: Sequence[pl.Callback] = (),
    checkpoints: Path | None = None,
) -> TrainedModel:
    """Train until the monitor stops improving, and keep the best weights.

    Args:
        table: The items.
        train: Labelled rows.
        valid: Labelled rows.
        valid_groups: ``[valid rows]`` int64 groups, for gAUC.
        params: Features, sizes, training.
        callbacks: Lightning callbacks, such as a clock; they see only the steps of
            this process.
        checkpoints: Folder for the checkpoints of unfinished trainings, from which this
            one resumes. None: no checkpoints.

    Returns:
        Best weights on the CPU, and the training's history.

    Raises:
        ValueError: If labels are missing or of one class, or training diverges.
        mmctr.runtime.signals.Stopped: On SIGTERM or Ctrl-C, after a checkpoint.
    """
    device = _prepare_device(params)
    _require_both_classes(train.label, "train")
    require_defined_monitor(valid.label, valid_groups, params.training.monitor)
    _require_both_classes(valid.label, "valid")
    model = Din(table, train.seen_items(table.n_items), params)
    task = CtrLightningModule(model, ValidationRows(valid.label, valid_groups), params)
    logs = (train, valid)
    if checkpoints is None:
        trainer = _fit(task, logs, params, device, callbacks)
        return _trained(task, trainer, params, device)

    key = training_key(model, train, valid, valid_groups, params)
    folder = CheckpointFolder(checkpoints / key, key)
    found = folder.newest()
    log_resume_point(folder, found)
    if found is not None and found[0].name == FINISHED:
        return TrainedModel(**found[1])
    # Lightning takes the signals when it begins: they are watched from then on.
    both = (signal.SIGINT, signal.SIGTERM)
    lost = "steps since the last checkpoint"
    with StopRequest(both, lost=lost, watch=False) as stop:
        saving = Checkpointing(folder, params.checkpoint.every_steps, stop)
        try:
            trainer = _fit(
                task,
                logs,
                params,
                device,
                [*callbacks, saving],
                plugins=[CheckedFiles(folder)],
                resume_from=found and found[0],
            )
        except DivergedError as error:
            kept = _keep_best(task.best, params.training.monitor, folder)
            raise DivergedError(f"{error}. {kept}") from error
        trained = _trained(task, trainer, params, device)
        stop.watch()
        folder.write_finished(vars(trained))
        stop.answer("training is finished, and its result is saved")
    return trained


@quiet_lightning()
def _fit(
    task: CtrLightningModule,
    logs: tuple[ClickLog, ClickLog],
    params: CtrParams,
    device: torch.device,
    callbacks: Sequence[pl.Callback],
    *,
    plugins: Sequence[CheckedFiles] = (),
    resume_from: Path | None = None,
) -> pl.Trainer:
    """Train to the end.

    Args:
        task: The model and its training step.
        logs: Rows of train and valid.
        params: Training parameters.
        device: Where to train.
        callbacks: In addition to those of every training.
        plugins: Lightning plugins.
        resume_from: A checkpoint.
    """
    train, valid = logs
    settings = params.training
    batches = EpochBatches(
        len(train),
        settings.batch_size,
        parts=settings.validations_per_epoch,
        seed=params.seed,
    )
    bar = ProgressCallback(
        "training",
        show=is_shown(params.progress),
        validation_rows_ratio=settings.predict_batch_size / settings.batch_size,
        metric=settings.monitor,
    )
    stopping = EarlyStopping(
        settings.monitor, mode="max", patience=settings.patience, check_finite=True
    )
    trainer = pl.Trainer(
        accelerator=device.type,
        devices=1,
        max_epochs=settings.max_epochs * batches.parts,
        precision=LIGHTNING_PRECISION[settings.precision],
        callbacks=[DivergenceCheck(batches), stopping, *callbacks, bar],
        plugins=list(plugins),
        enable_checkpointing=False,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    # Without a generator of its own a loader draws from the global one.
    options = {"generator": torch.Generator().manual_seed(0)}
    order = ordered_batches(len(valid), settings.predict_batch_size)
    trainer.fit(
        task,
        TrainLoader(train, batches, **options),
        DataLoader[Batch](valid, sampler=order, batch_size=None, **options),
        ckpt_path=resume_from,
        weights_only=True,
    )
    return trainer


def _trained(
    task: CtrLightningModule,
    trainer: pl.Trainer,
    params: CtrParams,
    device: torch.device,
) -> TrainedModel:
    model, best, monitor = task.model, task.best, params.training.monitor
    if not best.weights:
        raise ValueError(
            f"training: {monitor} was undefined in every validation, so no weights are "
            "best; choose another ctr_modeling.training.monitor or other rows of valid"
        )
    kept = next(x for x in task.validations if x["step"] == best.step)
    return TrainedModel(
        best.weights,
        {
            "monitor": monitor,
            "best": kept[monitor],
            "best_step": kept["step"],
            "steps": trainer.global_step,
            "device": str(device),
            "commit": code_commit(),
            "features": list(model.items.features),
            "content": model.content,
            "weights": sum(tensor.numel() for tensor in model.parameters()),
            "validations": task.validations,
        },
    )


def _keep_best(best: BestWeights, monitor: str, folder: CheckpointFolder) -> str:
    """Save the best weights for inspection; returns the sentence that says where."""
    again = "The same run would end at the same step: change a parameter or the data"
    if not best.weights:
        return f"There was no validation before it, so no weights are kept. {again}"
    path = folder.write_best(best.weights)
    return (
        f"The best weights before it ({monitor} {best.score:.4f} on valid, at "
        f"step {best.step:,}) are kept in {path}. {again}"
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
        ``[rows]`` float64 click probabilities, in the order of the log; computed in
        the precision of the training.

    Raises:
        ValueError: If the device is not available, or not in this precision.
    """
    device = _prepare_device(params)
    # Which items training saw is stored with the weights.
    model = Din(table, np.zeros(table.n_items + 1, bool), params)
    model.load_state_dict(weights)
    model.to(device).eval()
    scores = []
    batches = ordered_batches(len(log), params.training.predict_batch_size)
    show = is_shown(params.progress)
    bf16 = params.training.precision == "bf16"
    # The precision of the training, whose validations chose the weights.
    autocast = torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()
    with torch.inference_mode(), autocast:
        for rows in track(batches, "scoring", len(batches), show=show):
            batch = Batch(*(tensor.to(device) for tensor in log[rows]))
            scores.append(click_probabilities(model, batch))
    return to_float64(scores)


def _prepare_device(params: CtrParams) -> torch.device:
    device = prepare_device(params.device, keep_memory=params.training.keep_memory)
    if device.type == "mps" and params.training.precision == "bf16":
        raise ValueError(
            "ctr_modeling.training.precision=bf16 is not supported on MPS; set "
            "precision=fp32, or ctr_modeling.device=cpu"
        )
    return device


def _require_both_classes(labels: np.ndarray, part: str) -> None:
    classes = set(np.unique(labels).tolist())
    if classes != {0.0, 1.0}:
        raise ValueError(
            f"{part}: labels must hold both 0 and 1 and nothing else, found "
            f"{sorted(classes)[:5]}; a model can't be trained or chosen without"
        )
