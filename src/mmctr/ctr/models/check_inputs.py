"""Small random inputs for :func:`mmctr.check_model`."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch

from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.inputs.field_columns import FieldColumns, FieldSpec
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.field import FIRST, RARE
from mmctr.evaluation.params import EvaluationParams
from mmctr.runtime.jagged import take_ranges

ITEMS = 30

_SIZES = {
    "embedding_dim": 4,
    "embedding_std": 0.3,
    "attention_units": [16],
    "dnn_units": [16],
}


def small_params(options: dict[str, Any] | None) -> CtrParams:
    """Small sizes, the item's id and codes, on the CPU."""
    return CtrParams.model_validate(
        {
            "features": {"item_id": True},
            "model": {**_SIZES, **(options or {})},
            "training": {},
            "evaluation": EvaluationParams(seed=1, resamples=50),
            "seed": 3,
            "device": "cpu",
        }
    )


def small_table() -> ItemTable:
    """Items with tags, levels and codes."""
    rng = np.random.default_rng(0)
    rows = ITEMS + 1
    tags = rng.integers(RARE, FIRST + 4, (rows, 3))
    levels = rng.integers(FIRST, FIRST + 11, (rows, 1))
    specs = (
        FieldSpec("tags", FIRST + 4, width=3, is_hidden=False),
        FieldSpec("likes", FIRST + 11, is_level=True, is_hidden=False),
    )
    fields = np.concatenate([tags, levels], axis=1)
    codes = rng.integers(1, 8, (rows, 4))
    for column in (fields, codes):
        column[0] = 0
    columns = FieldColumns(specs, fields, np.zeros((rows, 0), np.float32))
    return ItemTable(ITEMS, {"title": codes}, fields=columns)


@dataclass(frozen=True)
class Rows:
    """Rows of a log.

    Attributes:
        target: ``[B]`` int64.
        history: ``[T]`` int64.
        offsets: ``[B + 1]`` int64.
        label: ``[B]`` float32.
    """

    target: np.ndarray
    history: np.ndarray
    offsets: np.ndarray
    label: np.ndarray

    @classmethod
    def draw(cls, count: int = 12, longest: int = 6) -> Self:
        """Histories of 0 to ``longest`` items, the first of them empty."""
        rng = np.random.default_rng(1)
        lengths = rng.integers(0, longest + 1, count)
        lengths[0] = 0
        return cls(
            target=rng.integers(1, ITEMS + 1, count),
            history=rng.integers(1, ITEMS + 1, lengths.sum()),
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            label=rng.integers(0, 2, count).astype(np.float32),
        )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.target)

    def take(self, rows: np.ndarray) -> Self:
        """Some rows, in this order."""
        history, offsets = take_ranges(
            self.history, self.offsets[rows], self.offsets[rows + 1]
        )
        return type(self)(self.target[rows], history, offsets, self.label[rows])

    def with_other_targets(self) -> Self:
        """Every target is another item."""
        return replace(self, target=self.target % ITEMS + 1)

    def with_other_histories(self) -> Self:
        """Every item of a history is another."""
        return replace(self, history=self.history % ITEMS + 1)

    def batch(self) -> Batch:
        """All rows."""
        count = len(self)
        segment = np.repeat(np.arange(count), np.diff(self.offsets))
        return Batch.of(
            target=torch.from_numpy(self.target),
            history=torch.from_numpy(self.history),
            segment=torch.from_numpy(segment),
            statistics=torch.zeros(count, 0),
            label=torch.from_numpy(self.label),
            weight=torch.zeros(0),
        )

    def padded(self) -> np.ndarray:
        """Histories ``[B, H]`` int64, zeros behind them."""
        lengths = np.diff(self.offsets)
        history = np.zeros((len(self), int(lengths.max())), np.int64)
        history[np.arange(history.shape[1]) < lengths[:, None]] = self.history
        return history
