"""Click probabilities of a trained model."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from mmctr.ctr.features.row_statistics import StatisticScales
from mmctr.ctr.inputs.batch_order import ordered_batches
from mmctr.ctr.inputs.click_log import Batch, ClickLog
from mmctr.ctr.inputs.field_columns import FieldSpec
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.inputs.statistic_columns import require_same_statistics
from mmctr.ctr.layers.computed_once import compute_once
from mmctr.ctr.member_weights import split_members
from mmctr.ctr.models import model_class
from mmctr.ctr.models.base import CtrModel
from mmctr.ctr.models.interest_model import EMPTY_HISTORY
from mmctr.ctr.models.mean_logit import MeanLogit
from mmctr.ctr.params import CtrParams
from mmctr.runtime.device import prepare_device
from mmctr.runtime.mapped_files import RESIDENT, MappedArrays
from mmctr.runtime.progress import is_shown, track


class ClickPredictor:
    """A trained model that is built once and scores any number of logs.

    Nothing changes while it scores, so that threads may share it.
    """

    def __init__(
        self,
        table: ItemTable,
        weights: dict[str, torch.Tensor],
        params: CtrParams,
        row_fields: Sequence[FieldSpec] = (),
    ) -> None:
        """Build the model and load its weights.

        Args:
            table: The items.
            weights: Of :func:`mmctr.ctr.training.seeds.train_seeds`, with the same
                features and sizes.
            params: Features, sizes, device.
            row_fields: Fields of the rows that will be scored.

        Raises:
            ValueError: If the device is not available, or not in this precision.
        """
        self._params = params
        self._device = prepare_ctr_device(params)
        members = split_members(weights)
        statistics = StatisticScales.of_weights(members[0])
        self.statistic_names = statistics.names
        # Which items training saw is stored with the weights.
        counts = np.zeros(table.n_items + 1, np.int64)

        make = model_class(params.model.name)

        def build(own: dict[str, torch.Tensor]) -> CtrModel:
            has_empty = EMPTY_HISTORY in own
            model = make(
                table, counts, params, statistics, row_fields, empty_history=has_empty
            )
            model.load_state_dict(own)
            return model

        built = map(build, members)
        model = next(built) if len(members) == 1 else MeanLogit(built)
        self.model: CtrModel | MeanLogit = model.to(self._device).eval()
        with precision_context(self._device, params.training.precision):
            compute_once(self.model)

    @property
    def members(self) -> list[CtrModel]:
        """The model; several where several trainings are one."""
        model = self.model
        return list(model.seeds) if isinstance(model, MeanLogit) else [model]

    def predict(self, log: ClickLog) -> np.ndarray:
        """Score the rows of a log.

        Args:
            log: The rows.

        Returns:
            ``[rows]`` float64 click probabilities, in the order of the log; computed in
            the precision of the training, whose validations chose the weights.

        Raises:
            ValueError: If the weights belong to other row statistics.
        """
        _require_statistics(self.statistic_names, log)
        if not len(log):
            return np.zeros(0)
        training = self._params.training
        batches = ordered_batches(len(log), training.predict_batch_size)
        show = is_shown(self._params.progress)
        precision = precision_context(self._device, training.precision)
        mapped = MappedArrays(log.arrays)
        scores = []
        with torch.inference_mode(), precision:
            for rows in track(batches, "scoring", len(batches), show=show):
                batch = Batch(*(tensor.to(self._device) for tensor in log[rows]))
                scores.append(click_probabilities(self.model, batch))
                mapped.drop_pages(over=RESIDENT)
        return to_float64(scores)


def log_to_score(
    rows: pa.Table,
    params: CtrParams,
    n_items: int,
    computed: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> ClickLog:
    """Read rows that a model scores, targets that the item table lacks among them.

    Args:
        rows: By the contract of ``test``, with their statistics.
        params: Which statistics and fields are read, and how much of the histories.
        n_items: Items of the item table.
        computed: Statistics of the rows that are no columns of theirs.

    Raises:
        ValueError: If an item is not in 0..n_items, or a kind of statistics is missing.
    """
    features = params.features
    return ClickLog.from_arrow(
        rows,
        params.training.max_history,
        n_items,
        statistics=features.statistics,
        computed=computed,
        fields=features.fields,
        crosses=features.crosses,
        without=features.without,
        unknown_targets=True,
    )


def predict_clicks(
    table: ItemTable,
    weights: dict[str, torch.Tensor],
    log: ClickLog,
    params: CtrParams,
) -> np.ndarray:
    """Score the rows of one log; see :class:`ClickPredictor`.

    Args:
        table: The items.
        weights: Of :func:`mmctr.ctr.training.seeds.train_seeds`, with the same features
            and sizes.
        log: The rows.
        params: Features, sizes, device.

    Returns:
        ``[rows]`` float64 click probabilities, in the order of the log.

    Raises:
        ValueError: If the device is not available, or not in this precision, or the
            weights belong to other row statistics.
    """
    # Before a model is built, which other columns would not fit.
    statistics = StatisticScales.of_weights(split_members(weights)[0])
    _require_statistics(statistics.names, log)
    if not len(log):
        return np.zeros(0)
    return ClickPredictor(table, weights, params, log.fields.specs).predict(log)


def _require_statistics(names: tuple[str, ...], log: ClickLog) -> None:
    require_same_statistics(
        names,
        log.statistic_names,
        of="ctr_weights",
        advice="train again: kedro run --pipeline ctr_modeling",
    )


def click_probabilities(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Score a batch: ``[B]`` float32 probabilities, on the model's device."""
    # As in the loss, logits of bf16 are widened first: their sigmoids would be ties.
    return torch.sigmoid(model(batch).float())


def precision_context(
    device: torch.device, precision: str
) -> AbstractContextManager[object]:
    """The precision of training steps, for what runs outside of them."""
    if precision == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def to_float64(scores: list[torch.Tensor]) -> np.ndarray:
    """Copy the scores of a pass to the host, at once: ``[rows]`` float64.

    Only the copy is widened, since MPS has no float64.
    """
    return torch.cat(scores).cpu().double().numpy()


def prepare_ctr_device(params: CtrParams) -> torch.device:
    """Give the device of the parameters.

    Raises:
        ValueError: If it is not available, or not in this precision.
    """
    device = prepare_device(params.device, keep_memory=params.training.keep_memory)
    if device.type == "mps" and params.training.precision == "bf16":
        raise ValueError(
            "ctr_modeling.training.precision=bf16 is not supported on MPS; set "
            "precision=fp32, or ctr_modeling.device=cpu"
        )
    return device
