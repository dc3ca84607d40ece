"""Estimate a training's memory before it starts."""

import logging
from dataclasses import dataclass

import numpy as np
import torch

from mmctr.ctr.features.content import OF_VECTORS
from mmctr.ctr.features.row_statistics import StatisticScales
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models import model_class
from mmctr.ctr.models.base import CtrModel
from mmctr.ctr.params import CtrParams
from mmctr.runtime.free_memory import available_memory, own_memory
from mmctr.runtime.scratch import TABLE_GB

logger = logging.getLogger(__name__)

# Loaded libraries.
_PROCESS = 650e6
# Weights, their gradient, Adam's two moments, and the best weights so far.
_COPIES_OF_WEIGHTS = 5
# Their average, and the trained weights while it is validated.
_COPIES_TO_AVERAGE = 2
# Values at the largest, relative to those that are held from forward to backward.
_BACKWARD = 1.25
_FLOAT = 4

_ADVICE = {
    "click log": "ctr_modeling.training.max_history, or name fewer kinds in "
    "ctr_modeling.features.statistics",
    "item table": "codes per item (quantization), or leave vectors out of "
    "ctr_modeling.features.content",
    "weights": "ctr_modeling.model.embedding_dim, or raise "
    "ctr_modeling.features.item_id_min_rows",
    "batch": "ctr_modeling.training.batch_size or max_history",
}


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes by purpose: ``click log``, ``item table``, ``weights``, ``batch``.

    Libraries come on top.
    """

    parts: dict[str, float]

    @property
    def total(self) -> float:
        """Bytes of the whole process."""
        return _PROCESS + sum(self.parts.values())

    def describe(self) -> str:
        """Name the sum and its parts."""
        parts = ", ".join(f"{name} {_gb(size)}" for name, size in self.parts.items())
        return f"{_gb(self.total)} ({parts}, libraries {_gb(_PROCESS)})"

    @property
    def advice(self) -> str:
        """What to lower to shrink the largest part."""
        return _ADVICE[max(self.parts, key=self.parts.__getitem__)]


def estimate_memory(
    table: ItemTable, train: ClickLog, valid: ClickLog, params: CtrParams
) -> MemoryEstimate:
    """Add up what a training will hold at its largest.

    Args:
        table: The items.
        train: Labelled rows.
        valid: Labelled rows.
        params: Features, sizes, training.

    Returns:
        A rough estimate, high rather than low.
    """
    rows = len(train) + len(valid)
    positions = len(train.history) + len(valid.history)
    # Arrow tables of all rows, and the log's own arrays.
    statistics = len(train.statistic_names)
    fields = 12 * train.fields.codes.shape[1] + 8 * train.fields.values.shape[1]
    log = rows * (40 + 56 + statistics * (4 + 4) + fields) + positions * (4 + 4)
    if log > TABLE_GB * 1e9:
        # Columns lie in files; labels and the order of the rows do not.
        log = rows * 20
    model = _without_memory(table, train, params)
    weights = sum(weight.numel() for weight in model.parameters())
    weights += _rows_of_ids(table, train, params) * params.model.embedding_dim
    training = params.training
    copies = _COPIES_OF_WEIGHTS + _COPIES_TO_AVERAGE * (training.weight_average > 0)
    # The best ones of each training, until all are one model.
    copies += training.seeds - 1
    batch = training.batch_size
    in_batch = batch * len(train.history) / max(len(train), 1)
    items = min(table.n_items + 1, batch + in_batch)
    values = model.activations(batch, in_batch, items) + batch * 9 * statistics
    learning = values * _FLOAT * _BACKWARD
    # Validation has larger batches, without gradients.
    scoring = learning / model.stages * training.predict_batch_size / batch
    return MemoryEstimate(
        {
            "click log": float(log),
            "item table": float(_looked_up(table, model, params)),
            "weights": weights * _FLOAT * copies,
            "batch": max(learning, scoring),
        }
    )


def warn_if_memory_low(estimate: MemoryEstimate, params: CtrParams) -> None:
    """Log what training may need, and warn where less memory is available.

    It never fails: the estimate may be wrong.

    Args:
        estimate: From :func:`estimate_memory`.
        params: ``training.memory_gb`` is the limit; None stands for the memory that the
            machine or its container has.
    """
    limit = params.training.memory_gb
    if limit is not None:
        room = limit * 1e9
        source = "ctr_modeling.training.memory_gb"
    else:
        available, own = available_memory(), own_memory()
        if available is None or own is None:
            return
        room, source = float(available + own), "this machine or container"
    logger.info("training may need %s", estimate.describe())
    if estimate.total > room:
        logger.warning(
            "training may need %s, and %s has %s: lower %s, or end other programs; "
            "continuing anyway",
            estimate.describe(),
            source,
            _gb(room),
            estimate.advice,
        )


def _without_memory(table: ItemTable, train: ClickLog, params: CtrParams) -> CtrModel:
    """The model, whose weights have shapes alone."""
    with torch.device("meta"):
        counts = np.zeros(table.n_items + 1, np.int64)
        statistics = StatisticScales.unfitted(train.statistic_names)
        make = model_class(params.model.name)
        return make(table, counts, params, statistics, train.fields.specs)


def _rows_of_ids(table: ItemTable, train: ClickLog, params: CtrParams) -> int:
    """Rows of the id table that depend on how often items are seen."""
    features = params.features
    if not features.item_id or features.item_id_min_rows == 1:
        return 0
    counts = train.item_counts(table.n_items)
    return int((counts >= features.item_id_min_rows).sum())


def _looked_up(table: ItemTable, model: CtrModel, params: CtrParams) -> int:
    """Bytes of what the model looks up."""
    columns = [table.fields.codes, table.fields.values, *table.codes.values()]
    if not OF_VECTORS.isdisjoint(params.features.forms):
        columns += table.vectors_for(params.features).values()
    return sum(array.nbytes for array in [*columns, *model.buffers()])


def _gb(number: float) -> str:
    return f"{number / 1e9:.2f} GB"
