"""Training a CTR model with Lightning."""

import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch.utils.data import DataLoader

from mmctr.ctr.inputs.batch_order import EpochBatches, ordered_batches
from mmctr.ctr.inputs.click_log import Batch, ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.inputs.statistic_columns import require_same_statistics
from mmctr.ctr.params import CtrParams, TrainingParams
from mmctr.ctr.prediction import predict_clicks, prepare_ctr_device
from mmctr.ctr.training.across_ranks import (
    newest_for_all,
    rows_of_rank,
    share_batches,
    trainer_options,
)
from mmctr.ctr.training.checkpointing import (
    CheckedFiles,
    Checkpointing,
    TrainLoader,
    log_resume_point,
)
from mmctr.ctr.training.divergence import DivergedError, DivergenceCheck
from mmctr.ctr.training.going_on import Parent, going_on_params
from mmctr.ctr.training.key import training_key
from mmctr.ctr.training.lightning_module import (
    CtrLightningModule,
    ValidationRows,
)
from mmctr.ctr.training.mapped_pages import MappedPages
from mmctr.ctr.training.monitor import (
    monitor_mode,
    require_both_classes,
    require_defined_monitor,
)
from mmctr.ctr.training.starting_model import starting_model
from mmctr.ctr.training.trained_model import TrainedModel, collect_result, keep_best
from mmctr.ctr.training.weight_average import NormBatches
from mmctr.evaluation.params import require_weights
from mmctr.runtime.checkpoint_files import FINISHED, CheckpointFolder
from mmctr.runtime.lightning import quiet_lightning
from mmctr.runtime.mapped_files import MappedArrays
from mmctr.runtime.progress import is_shown
from mmctr.runtime.progress_callback import ProgressCallback
from mmctr.runtime.ranks import Ranks
from mmctr.runtime.signals import StopRequest

LIGHTNING_PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed"}


def train_ctr_model(
    table: ItemTable,
    train: ClickLog,
    valid: ClickLog,
    valid_groups: np.ndarray,
    params: CtrParams,
    *,
    parent: Parent | None = None,
    follow: Sequence[float] = (),
    callbacks: Sequence[pl.Callback] = (),
    checkpoints: Path | None = None,
) -> TrainedModel:
    """Train until the monitor stops improving, and keep the best weights.

    In a process group of torch all processes call this alike, and share every batch:
    the result is that of one process, to rounding, and each of them has it.

    Args:
        table: The items.
        train: Labelled rows.
        valid: Labelled rows.
        valid_groups: ``[valid rows]`` int64 groups, for gAUC.
        params: Features, sizes, training.
        parent: A model to go on from; no later weights are kept that are worse on valid
            than its own. None: from scratch.
        follow: The monitor at each validation of an earlier training, up to the best:
            this one has the same rates and passes, and valid decides nothing.
        callbacks: Lightning callbacks, such as a clock; they see only the steps of
            this process.
        checkpoints: Folder for the checkpoints of unfinished trainings, from which this
            one resumes. None: no checkpoints.

    Returns:
        Best weights on the CPU, and the training's history.

    Raises:
        ValueError: If labels are missing or of one class, training diverges, or the
            parent has other features or sizes.
        mmctr.runtime.signals.Stopped: On SIGTERM or Ctrl-C, after a checkpoint.
    """
    if parent is not None:
        params = going_on_params(params)
    device = prepare_ctr_device(params)
    require_both_classes(train.label, "train")
    require_defined_monitor(valid.label, valid_groups, params.training.monitor)
    require_both_classes(valid.label, "valid")
    require_weights(params.evaluation, bool(len(valid.weight)))
    require_same_statistics(
        train.statistic_names,
        valid.statistic_names,
        of="the rows of train",
        advice="run kedro run --pipeline row_statistics",
    )
    model = starting_model(table, train, params, parent)
    ranks = Ranks.current()
    share_batches(model, ranks, params.model.name)
    weights = valid.weight.astype(np.float64) if params.evaluation.weighted else None
    task = CtrLightningModule(
        model,
        ValidationRows(valid.label, valid_groups, weights),
        params,
        NormBatches(train, params.training.batch_size, params.seed, ranks),
        train.facts.negative_keep,
        follow,
        ranks,
    )
    if parent is not None:
        task.keep_start(predict_clicks(table, model.state_dict(), valid, params))
    elif train.facts.kind == "impressions" and not follow:
        task.keep_start(np.full(len(valid), train.click_rate))
    logs = (train, valid)
    stopping = [
        *([] if follow else [_early_stopping(params.training)]),
        *callbacks,
        MappedPages([*train.arrays, *valid.arrays, *table.arrays]),
    ]
    if checkpoints is None:
        trainer = _fit(task, logs, params, device, stopping)
        return collect_result(task, trainer, params, device)

    key = training_key(model, train, valid, valid_groups, params, follow)
    folder = CheckpointFolder(checkpoints / key, key)
    found = newest_for_all(folder, ranks)
    if ranks.is_first:
        log_resume_point(folder, found)
    if found is not None and found[0].name == FINISHED:
        return TrainedModel(**found[1])
    # Lightning takes the signals when it begins: they are watched from then on.
    both, lost = (signal.SIGINT, signal.SIGTERM), "steps since the last checkpoint"
    with StopRequest(both, lost=lost, watch=False) as stop:
        saving = Checkpointing(folder, params.checkpoint.every_steps, stop, ranks)
        try:
            trainer = _fit(
                task,
                logs,
                params,
                device,
                [*stopping, saving],
                plugins=[CheckedFiles(folder)],
                resume_from=found and found[0],
            )
        except DivergedError as error:
            if not ranks.is_first:
                raise
            kept = keep_best(task.best, params.training.monitor, folder)
            raise DivergedError(f"{error}. {kept}") from error
        trained = collect_result(task, trainer, params, device)
        stop.watch()
        if ranks.is_first:
            folder.write_finished(vars(trained))
        stop.answer("training is finished, and its result is saved")
    return trained


def _groups_in_batches(log: ClickLog, params: TrainingParams) -> np.ndarray | None:
    """``[rows]`` groups that stay whole in a batch; None where none has to."""
    if not params.whole_groups:
        return None
    if not len(log.groups):
        raise ValueError(
            "train.parquet: column 'group_id' is missing, and ctr_modeling.training."
            f"loss={params.loss} with batch_by={params.batch_by} needs groups; prepare "
            "again: kedro run --pipeline preparation"
        )
    return log.groups


def _early_stopping(settings: TrainingParams) -> EarlyStopping:
    return EarlyStopping(
        settings.monitor,
        mode=monitor_mode(settings.monitor),
        patience=settings.patience,
        check_finite=True,
    )


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
        callbacks: In addition to those of every training; what stops it early first.
        plugins: Lightning plugins.
        resume_from: A checkpoint.
    """
    train, valid = logs
    settings, ranks = params.training, Ranks.current()
    batches = EpochBatches(
        len(train),
        settings.batch_size,
        parts=settings.validations_per_epoch,
        seed=params.seed,
        groups=_groups_in_batches(train, settings),
    )
    bar = ProgressCallback(
        "training",
        show=is_shown(params.progress) and ranks.is_first,
        metric=settings.monitor,
    )
    trainer = pl.Trainer(
        **trainer_options(device, ranks),
        max_epochs=settings.max_epochs * batches.parts,
        precision=LIGHTNING_PRECISION[settings.precision],
        callbacks=[DivergenceCheck(batches), *callbacks, bar],
        plugins=list(plugins),
        enable_checkpointing=False,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    # Without a generator of its own a loader draws from the global one.
    options = {"generator": torch.Generator().manual_seed(0)}
    own = ranks.own(len(valid))
    order = ordered_batches(own.stop, settings.predict_batch_size, own.start)
    try:
        with MappedArrays(train.arrays).read_in_any_order():
            trainer.fit(
                task,
                TrainLoader(rows_of_rank(train, task.model, ranks), batches, **options),
                DataLoader[Batch](valid, sampler=order, batch_size=None, **options),
                ckpt_path=resume_from,
                weights_only=True,
            )
    finally:
        task.restore_trained_weights()
    return trainer
