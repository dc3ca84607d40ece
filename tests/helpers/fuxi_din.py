"""FuxiCTR's DIN on the inputs of ours."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from mmctr.ctr.features.fields import ItemFields
from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.field import RARE


def gradient(weights: nn.Parameter) -> torch.Tensor:
    """The gradient of weights, for :meth:`FuxiDin.pairs`."""
    assert weights.grad is not None
    return weights.grad


def _weights(weights: nn.Parameter) -> torch.Tensor:
    return weights


@dataclass(frozen=True)
class PaddedBatch:
    """A batch as FuxiCTR takes it: ``history [B, L]``, zeros in front."""

    target: torch.Tensor
    history: torch.Tensor
    fields: torch.Tensor
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
    return PaddedBatch(batch.target, history, batch.field_codes - RARE, batch.label)


class FuxiDin(nn.Module):
    """DIN put together from FuxiCTR's own layers, padded, one code lookup a position.

    It is the oracle of the parity tests: what a FuxiCTR user would write.
    """

    def __init__(self, table: ItemTable, model: Din, params: CtrParams) -> None:
        from fuxictr.features import FeatureMap
        from fuxictr.pytorch.layers import DIN_Attention, FeatureEmbedding, MLP_Block

        super().__init__()
        fields = (torch.from_numpy(table.fields.codes) - RARE).clamp(min=0)
        self._inputs = {
            "item_id": torch.arange(table.n_items + 1),
            "tags": fields[:, :5],
            "likes": fields[:, 5],
            "views": fields[:, 6],
            "title_codes": torch.from_numpy(table.codes["title"]),
            "image_codes": torch.from_numpy(table.codes["image"]),
        }
        sizes = {}
        for name, feature in model.items.features.items():
            if isinstance(feature, ItemFields):
                rows = feature.vectors.table.rows.items()
                sizes |= {own: of.stop - of.start + 1 for own, of in rows}
            else:
                sizes[name] = feature.table.num_embeddings
        # In the order of the columns of an item's vector.
        names = [name for name in self._inputs if name in sizes]
        feature_map = FeatureMap("parity", ".")
        feature_map.features = OrderedDict(
            (name, self._spec(sizes[name], name)) for name in names
        )
        dim = params.model.embedding_dim
        self._names = names
        self.embedding = FeatureEmbedding(feature_map, dim)
        of_rows = (x - RARE for x in model.row_fields.sizes) if model.row_fields else ()
        self.row_levels = nn.ModuleList(
            nn.Embedding(size, dim, padding_idx=0) for size in of_rows
        )
        width = len(names) * dim
        self.attention = DIN_Attention(
            embedding_dim=width, attention_units=list(params.model.attention_units)
        )
        self.dnn = MLP_Block(
            input_dim=2 * width + len(self.row_levels) * dim,
            output_dim=1,
            hidden_units=list(params.model.dnn_units),
            hidden_activations="ReLU",
            batch_norm=params.model.batch_norm,
        )

    def _spec(self, size: int, name: str) -> dict[str, object]:
        spec = {"source": "", "vocab_size": size, "padding_idx": 0}
        if self._inputs[name].ndim == 1:
            return {"type": "categorical", **spec}
        pooling = "layers.MaskedAveragePooling()"
        return {"type": "sequence", "feature_encoder": pooling, **spec}

    def item_pairs(
        self, model: Din, read: Callable[[nn.Parameter], torch.Tensor] = _weights
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Weights of items, or their gradients, with FuxiCTR's counterpart.

        FuxiCTR has a table per field, each with a padding row.
        """
        tables = self.embedding.embedding_layer.embedding_layers
        features = model.items.features
        pairs = []
        for name in self._names:
            if name in features:
                ours = read(features[name].table.weight)
                pairs.append((ours, read(tables[name].weight)))
            else:
                table = features["fields"].vectors.table
                ours = read(table.weight)[table.rows[name]]
                pairs.append((ours, read(tables[name].weight)[1:]))
        return pairs

    def pairs(
        self, model: Din, read: Callable[[nn.Parameter], torch.Tensor] = _weights
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Each of our weights, or its gradient, with FuxiCTR's counterpart."""
        pairs = self.item_pairs(model, read)
        if model.row_fields is not None:
            table = model.row_fields.table
            for own, theirs in zip(table.rows.values(), self.row_levels, strict=True):
                pairs.append((read(table.weight)[own], read(theirs.weight)[1:]))
        layers = zip(
            model.interest.parameters(),
            self.attention.attention_layer.parameters(),
            strict=True,
        )
        pairs += [(read(ours), read(theirs)) for ours, theirs in layers]
        layers = zip(model.head.parameters(), self.dnn.parameters(), strict=True)
        return pairs + [(read(ours), read(theirs)) for ours, theirs in layers]

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
        levels = [table(batch.fields[:, i]) for i, table in enumerate(self.row_levels)]
        return self.dnn(torch.cat([*levels, target, pooled], dim=1)).squeeze(1)
