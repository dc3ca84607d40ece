"""The model that is exported, and its inputs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.field_columns import LIMIT
from mmctr.ctr.layers.calibration import CalibrationLayer
from mmctr.data.fields.field import Field
from mmctr.serving.export.facts import Input
from mmctr.serving.requests import Requests
from mmctr.serving.state import ScoringState

Arrays = dict[str, np.ndarray]

BATCH, HISTORY = "batch", "history"
"""Names of the axes whose length is free."""


class ExportedModel(nn.Module):
    """Padded rows to probabilities: trainings, their mean logit, calibration.

    Shapes: see :meth:`mmctr.ctr.models.padded.PaddedModel.forward` -> ``[B]``
    float64; but for ``field_values``, which are raw, float64, NaN where missing.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, state: ScoringState, numbers: Sequence[Field]) -> None:
        """Embed all items of a bundle.

        Args:
            state: Of the bundle.
            numbers: The fields of ``field_values``.
        """
        super().__init__()
        for name in ("mean", "std"):
            values = [getattr(each, name) for each in numbers]
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        longest = state.bundle.facts.ctr.training.max_history
        self.seeds = nn.ModuleList(
            each.padded(state.bundle.n_items, longest)
            for each in state.predictor.members
        )
        self.calibration = CalibrationLayer(state.calibration)

    def forward(
        self,
        target: torch.Tensor,
        history: torch.Tensor,
        statistics: torch.Tensor | None = None,
        field_codes: torch.Tensor | None = None,
        field_values: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Score rows."""
        if field_values is not None:
            scaled = ((field_values - self.mean) / self.std).clamp(-LIMIT, LIMIT)
            field_values = torch.where(field_values.isnan(), 0.0, scaled).float()
        rows = (statistics, field_codes, field_values)
        logits = [seed(target, history, *rows) for seed in self.seeds]
        return self.calibration(torch.stack(logits).mean(0))


def in_single_precision(state: ScoringState) -> ScoringState:
    """The same bundle, computed in fp32, as every export is."""
    facts = state.bundle.facts
    if facts.ctr.training.precision == "fp32":
        return state
    training = facts.ctr.training.model_copy(update={"precision": "fp32"})
    ctr = facts.ctr.model_copy(update={"training": training})
    facts = facts.model_copy(update={"ctr": ctr})
    return ScoringState.of(replace(state.bundle, facts=facts))


def describe_inputs(state: ScoringState, log: ClickLog) -> list[Input]:
    """The inputs that a model reads, in their order.

    Args:
        state: Of the bundle.
        log: Rows as the model reads them.
    """
    inputs = [
        Input(
            name="target",
            dtype="int64",
            shape=[BATCH],
            meaning="the item to score: its row in items.parquet, from 1; 0: unknown",
        ),
        Input(
            name="history",
            dtype="int64",
            shape=[BATCH, HISTORY],
            meaning="clicked items, oldest first; 0: none, in any place",
        ),
    ]
    per_row = (
        (
            "statistics",
            "float32",
            len(log.statistic_names),
            "row statistics by the names in 'statistics'; NaN: undefined",
        ),
        (
            "field_codes",
            "int64",
            log.fields.codes.shape[1],
            "codes of fields, by 'fields' and 'encodings'",
        ),
        (
            "field_values",
            "float64",
            log.fields.values.shape[1],
            "numbers of fields, by 'numbers'; NaN: missing",
        ),
    )
    inputs += [
        Input(name=name, dtype=dtype, shape=[BATCH, width], meaning=meaning)
        for name, dtype, width, meaning in per_row
        if width
    ]
    return inputs


def padded_rows(
    requests: Requests,
    log: ClickLog,
    inputs: Sequence[Input],
    numbers: Sequence[Field],
) -> Arrays:
    """Rows as inputs of the exported model.

    Args:
        requests: ``R`` rows, with their whole histories.
        log: The same rows as the model reads them.
        inputs: Which ones to make.
        numbers: The fields of ``field_values``; a missing value becomes their mean.
    """
    mean, std = (np.array([getattr(x, y) for x in numbers]) for y in ("mean", "std"))
    lengths = np.diff(requests.offsets)
    history = np.zeros((len(lengths), max(int(lengths.max(initial=0)), 1)), np.int64)
    history[np.arange(history.shape[1]) < lengths[:, None]] = requests.history
    arrays = {
        "target": requests.items.astype(np.int64),
        "history": history,
        "statistics": log.statistics,
        "field_codes": log.fields.codes.astype(np.int64),
        "field_values": log.fields.values * std + mean,
    }
    return {each.name: arrays[each.name] for each in inputs}
