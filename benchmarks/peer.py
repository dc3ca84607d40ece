"""DIN of FuxiCTR's own layers on padded histories, as a FuxiCTR user writes it.

Every position of every history, padding included, is looked up with all its codes and
pooled; the loader gathers the rows of a pandas table for each batch.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from fuxictr.features import FeatureMap
from fuxictr.pytorch.layers import DIN_Attention, FeatureEmbedding, MLP_Block
from torch import nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.world import MAX_HISTORY
from mmctr.ctr.features.fields import FieldVectors, ItemFields
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.field import RARE


class PaddedBatch(NamedTuple):
    """B rows, each with 64 history positions and the target behind them.

    Attributes:
        rows: ``[B, 2]`` int64, the row's likes and views level.
        items: Item features of ``B * 65`` items: ``[B * 65]`` or ``[B * 65, n]``.
        mask: ``[B, 64]`` float32, 1 where the history is not padding.
        label: ``[B]`` float32.
    """

    rows: torch.Tensor
    items: dict[str, torch.Tensor]
    mask: torch.Tensor
    label: torch.Tensor


class PaddedRows(Dataset[np.ndarray]):
    """Rows ``[65 + 4]`` int64: history, zeros in front; target, two levels, label."""

    def __init__(self, log: ClickLog) -> None:
        """Pad every history of a log to 64."""
        lengths = np.diff(log.offsets)
        history = np.zeros((len(log), MAX_HISTORY), np.int64)
        history[np.arange(MAX_HISTORY) >= MAX_HISTORY - lengths[:, None]] = log.history
        self._rows = np.column_stack(
            [history, log.target, log.fields.codes - RARE, log.label.astype(np.int64)]
        )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def __getitem__(self, row: int) -> np.ndarray:
        """One row."""
        return self._rows[row]


class PandasCollate:
    """Turns rows into a batch; items come from a pandas table with list columns."""

    def __init__(self, table: ItemTable) -> None:
        """Take the items."""
        fields = np.maximum(table.fields.codes - RARE, 0)
        self._items = pd.DataFrame(
            {
                "item_id": np.arange(table.n_items + 1),
                "tags": list(fields[:, :5]),
                "likes": fields[:, 5],
                "views": fields[:, 6],
                "title_codes": list(table.codes["title"]),
                "image_codes": list(table.codes["image"]),
            }
        )

    def __call__(self, rows: list[np.ndarray]) -> PaddedBatch:
        """Stack the rows and look their items up."""
        stacked = torch.from_numpy(np.stack(rows))
        sequence = stacked[:, : MAX_HISTORY + 1]
        chosen = self._items.iloc[sequence.reshape(-1).numpy()]
        items = {
            name: torch.from_numpy(np.array(chosen[name].to_list()))
            for name in chosen.columns
        }
        return PaddedBatch(
            rows=stacked[:, MAX_HISTORY + 1 : MAX_HISTORY + 3],
            items=items,
            mask=(sequence[:, :-1] > 0).float(),
            label=stacked[:, -1].float(),
        )


class PaddedDin(nn.Module):
    """DIN; a :class:`PaddedBatch` of B rows -> logits ``[B]``."""

    def __init__(self, model: Din, params: CtrParams) -> None:
        """Build the network with the tables and the weights of ``model``."""
        super().__init__()
        sizes = params.model
        tables = dict(_item_tables(model))
        self._names = list(tables)
        feature_map = FeatureMap("benchmark", ".")
        feature_map.features = OrderedDict(
            (name, _specification(name, len(table))) for name, table in tables.items()
        )
        self.embedding = FeatureEmbedding(feature_map, sizes.embedding_dim)
        self.row_levels = nn.ModuleList(
            nn.Embedding(*table.shape) for table in _field_tables(model.row_fields)
        )
        self._width = len(self._names) * sizes.embedding_dim
        self.attention = DIN_Attention(
            embedding_dim=self._width,
            attention_units=list(sizes.attention_units),
            dropout_rate=sizes.attention_dropout,
        )
        self.dnn = MLP_Block(
            input_dim=2 * self._width + len(self.row_levels) * sizes.embedding_dim,
            output_dim=1,
            hidden_units=list(sizes.dnn_units),
            hidden_activations="ReLU",
            dropout_rates=sizes.dnn_dropout,
            batch_norm=sizes.batch_norm,
        )
        self._copy_from(model)

    @torch.no_grad()
    def _copy_from(self, model: Din) -> None:
        tables = dict(_item_tables(model))
        own = _field_tables(model.row_fields)
        looked_up = self.embedding.embedding_layer.embedding_layers
        for name in self._names:
            looked_up[name].weight.copy_(tables[name])
        for to, origin in zip(self.row_levels, own, strict=True):
            to.weight.copy_(origin)
        parts = (
            (self.attention.attention_layer, model.interest),
            (self.dnn, model.head),
        )
        for theirs, ours in parts:
            for to, origin in zip(theirs.parameters(), ours.parameters(), strict=True):
                to.copy_(origin)

    def embedding_tables(self) -> list[nn.Parameter]:
        """Every embedding table: what the L2 penalty is on."""
        return [*self.embedding.parameters(), *self.row_levels.parameters()]

    def forward(self, batch: PaddedBatch) -> torch.Tensor:
        """Score the targets."""
        inputs = OrderedDict((name, batch.items[name]) for name in self._names)
        embedded = self.embedding(inputs, flatten_emb=True)
        embedded = embedded.view(len(batch.label), MAX_HISTORY + 1, self._width)
        target, history = embedded[:, -1], embedded[:, :-1]
        pooled = self.attention(target, history, batch.mask)
        levels = [
            table(batch.rows[:, place]) for place, table in enumerate(self.row_levels)
        ]
        return self.dnn(torch.cat([*levels, target, pooled], dim=1)).squeeze(1)


def _item_tables(model: Din) -> Iterator[tuple[str, torch.Tensor]]:
    """Tables of items by their name, in the order of an item's columns."""
    for name, feature in model.items.features.items():
        if isinstance(feature, ItemFields):
            fields = feature.vectors
            yield from zip(fields.table.rows, _field_tables(fields), strict=True)
        else:
            yield name, feature.table.weight


def _field_tables(fields: FieldVectors) -> list[torch.Tensor]:
    """A table for each field, behind a row of zeros."""
    weight = fields.table.weight
    return [torch.cat([weight[:1], weight[own]]) for own in fields.table.rows.values()]


def padded_loader(
    table: ItemTable, log: ClickLog, batch_size: int, seed: int
) -> DataLoader[PaddedBatch]:
    """Shuffled batches, made in this process as the product's are."""
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(
        PaddedRows(log),
        batch_size=batch_size,
        shuffle=True,
        drop_last=True,
        collate_fn=PandasCollate(table),
        generator=generator,
    )


def _specification(name: str, vocabulary: int) -> dict[str, object]:
    common = {"source": "", "vocab_size": vocabulary, "padding_idx": 0}
    if name in {"tags", "title_codes", "image_codes"}:
        pooling = "layers.MaskedAveragePooling()"
        return {"type": "sequence", "feature_encoder": pooling, **common}
    return {"type": "categorical", **common}
