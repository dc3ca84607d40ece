"""Small random item tables and click logs, and FuxiCTR's DIN on the same inputs."""

from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from mmctr.ctr.inputs.click_log import Batch, ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams
from mmctr.evaluation.params import EvaluationParams

N_ITEMS = 40


def random_table(rng: np.random.Generator, *, image_positions: int = 3) -> ItemTable:
    """Items with 0 to 5 tags, levels, 6 title positions and some image positions."""
    n = N_ITEMS
    tags = rng.integers(1, 9, (n + 1, 5)) * (rng.random((n + 1, 5)) < 0.6)
    levels = rng.integers(1, 12, (2, n + 1))
    title = rng.integers(1, 8, (n + 1, 6))
    image = rng.integers(1, 5, (n + 1, image_positions))
    for column in (tags, levels[0], levels[1], title, image):
        column[0] = 0
    return ItemTable(tags, levels[0], levels[1], {"title": title, "image": image})


def with_vectors(rng: np.random.Generator, table: ItemTable) -> ItemTable:
    """The table with 5 title and 3 image columns; item 1 has no title, 2 no image."""
    vectors = [
        rng.normal(size=(N_ITEMS + 1, width)).astype(np.float32) for width in (5, 3)
    ]
    for each, without in zip(vectors, (1, 2), strict=True):
        each[[0, without]] = 0
    return replace(table, vectors=dict(zip(("title", "image"), vectors, strict=True)))


def rows_table(
    rng: np.random.Generator, n_rows: int, *, n_items: int = N_ITEMS, longest: int = 7
) -> pa.Table:
    """A primary table whose labels follow the parity of the target, with some noise."""
    lengths = rng.integers(0, longest + 1, n_rows)
    targets = rng.integers(1, n_items + 1, n_rows)
    labels = (targets % 2) ^ (rng.random(n_rows) < 0.1)
    histories = [rng.integers(1, n_items + 1, length) for length in lengths]
    return pa.table(
        {
            "user_id": pa.array(np.arange(n_rows) // 4),
            "group_id": pa.array(np.arange(n_rows) // 4),
            "item_id": pa.array(targets),
            "item_seq": pa.array(histories, pa.list_(pa.int32())),
            "likes_level": pa.array(rng.integers(0, 11, n_rows), pa.int8()),
            "views_level": pa.array(rng.integers(0, 11, n_rows), pa.int8()),
            "label": pa.array(labels, pa.int8()),
        }
    )


def click_log(rng: np.random.Generator, n_rows: int, **options: int) -> ClickLog:
    """The rows of :func:`rows_table` in memory."""
    return ClickLog.from_arrow(rows_table(rng, n_rows, **options), 100, N_ITEMS)


def with_statistics(rng: np.random.Generator, rows: pa.Table) -> pa.Table:
    """The rows with three statistics; the last says the label, where it is defined."""
    label = rows["label"].to_numpy()
    seen = np.where(rng.random(len(label)) < 0.2, np.nan, label)
    drawn = rng.normal(size=(2, len(label)))
    columns = {
        "popularity.events_30d": np.round(np.exp(drawn[0])),
        "popularity.age": drawn[1],
        "lexical.first_word": seen + rng.normal(scale=0.1, size=len(label)),
    }
    for name, values in columns.items():
        is_missing = np.isnan(values)
        rows = rows.append_column(name, pa.array(values, pa.float32(), mask=is_missing))
    return rows


def log_with_statistics(
    rng: np.random.Generator, n_rows: int, kinds: list[str]
) -> ClickLog:
    """Rows with those statistics in memory."""
    rows = with_statistics(rng, rows_table(rng, n_rows))
    return ClickLog.from_arrow(rows, 100, N_ITEMS, statistics=kinds)


def whole_batch(log: ClickLog) -> Batch:
    """All rows of a log as one batch."""
    return log[np.arange(len(log))]


def with_items(batch: Batch, **items: torch.Tensor) -> Batch:
    """The batch with another ``target`` or ``history``."""
    names = ("target", "history", "segment", "row_levels", "statistics", "label")
    names += ("weight",)
    return Batch.of(**{name: getattr(batch, name) for name in names} | items)


def ctr_params(
    *,
    features: dict[str, object] | None = None,
    model: dict[str, object] | None = None,
    training: dict[str, object] | None = None,
    seed: int = 3,
) -> CtrParams:
    """Small sizes, no dropout, with overrides by section."""
    sizes = {
        "embedding_dim": 4,
        "embedding_std": 0.3,
        "attention_units": [8, 5],
        "attention_dropout": 0.0,
        "dnn_units": [9, 6],
        "dnn_dropout": 0.0,
        "item_id_dropout": 0.0,
    }
    return CtrParams.model_validate(
        {
            "features": features or {},
            "model": {**sizes, **(model or {})},
            "training": training or {},
            "evaluation": EvaluationParams(seed=1, resamples=50),
            "seed": seed,
            "device": "cpu",
        }
    )


@dataclass(frozen=True)
class PaddedBatch:
    """A batch as FuxiCTR takes it: ``history [B, L]``, zeros in front."""

    target: torch.Tensor
    history: torch.Tensor
    row_levels: torch.Tensor
    label: torch.Tensor


def pad(batch: Batch, *, extra: int = 0) -> PaddedBatch:
    """Pad the histories on the left, to the longest and ``extra`` positions more."""
    rows = len(batch.target)
    lengths = torch.bincount(batch.segment, minlength=rows)
    width = int(lengths.max()) + extra
    history = torch.zeros(rows, width, dtype=torch.long)
    for row in range(rows):
        own = batch.history[batch.segment == row]
        history[row, width - len(own) :] = own
    return PaddedBatch(batch.target, history, batch.row_levels, batch.label)


class FuxiDin(nn.Module):
    """DIN put together from FuxiCTR's own layers, padded, one code lookup a position.

    It is the oracle of the parity tests: what a FuxiCTR user would write.
    """

    def __init__(self, table: ItemTable, model: Din, params: CtrParams) -> None:
        from fuxictr.features import FeatureMap
        from fuxictr.pytorch.layers import DIN_Attention, FeatureEmbedding, MLP_Block

        super().__init__()
        self._inputs = {
            "item_id": torch.arange(len(table.likes)),
            "tags": torch.from_numpy(table.tags),
            "likes": torch.from_numpy(table.likes),
            "views": torch.from_numpy(table.views),
            "title_codes": torch.from_numpy(table.codes["title"]),
            "image_codes": torch.from_numpy(table.codes["image"]),
        }
        names = list(model.items.features)
        feature_map = FeatureMap("parity", ".")
        feature_map.features = OrderedDict(
            (name, self._spec(model.items.features[name].table, name)) for name in names
        )
        dim = params.model.embedding_dim
        self._names = names
        self.embedding = FeatureEmbedding(feature_map, dim)
        self.row_levels = nn.ModuleList(
            nn.Embedding(*table.weight.shape) for table in model.row_levels
        )
        width = len(names) * dim
        self.attention = DIN_Attention(
            embedding_dim=width, attention_units=list(params.model.attention_units)
        )
        self.dnn = MLP_Block(
            input_dim=2 * width + len(model.row_levels) * dim,
            output_dim=1,
            hidden_units=list(params.model.dnn_units),
            hidden_activations="ReLU",
            batch_norm=params.model.batch_norm,
        )

    def _spec(self, table: nn.Embedding, name: str) -> dict[str, object]:
        spec = {"source": "", "vocab_size": table.num_embeddings, "padding_idx": 0}
        if self._inputs[name].ndim == 1:
            return {"type": "categorical", **spec}
        pooling = "layers.MaskedAveragePooling()"
        return {"type": "sequence", "feature_encoder": pooling, **spec}

    def pairs(self, model: Din) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """Each of our parameters with FuxiCTR's counterpart."""
        tables = self.embedding.embedding_layer.embedding_layers
        pairs = [
            (model.items.features[name].table.weight, tables[name].weight)
            for name in self._names
        ]
        pairs += zip(
            model.row_levels.parameters(), self.row_levels.parameters(), strict=True
        )
        pairs += zip(
            model.interest.parameters(),
            self.attention.attention_layer.parameters(),
            strict=True,
        )
        pairs += zip(model.head.parameters(), self.dnn.parameters(), strict=True)
        return pairs

    @torch.no_grad()
    def copy_from(self, model: Din) -> None:
        """Take our model's weights."""
        for ours, theirs in self.pairs(model):
            theirs.copy_(ours)

    @torch.no_grad()
    def copy_to(self, model: Din) -> None:
        """Give our model these weights."""
        for ours, theirs in self.pairs(model):
            ours.copy_(theirs)

    def embed(self, items: torch.Tensor) -> torch.Tensor:
        """``items [N]`` -> ``[N, width]``."""
        inputs = OrderedDict((name, self._inputs[name][items]) for name in self._names)
        return self.embedding(inputs, flatten_emb=True)

    def forward(self, batch: PaddedBatch) -> torch.Tensor:
        """Logits ``[B]``."""
        rows, width = batch.history.shape
        target = self.embed(batch.target)
        flat = self.embed(batch.history.reshape(-1))
        history = flat.view(rows, width, target.shape[1])
        pooled = self.attention(target, history, mask=batch.history > 0)
        levels = [
            table(batch.row_levels[:, i]) for i, table in enumerate(self.row_levels)
        ]
        return self.dnn(torch.cat([*levels, target, pooled], dim=1)).squeeze(1)
