"""Target attention on real history positions only."""

import torch
from torch.nn import functional

from mmctr.ctr.inputs.only_history import request_history
from mmctr.ctr.layers.low_cardinality import add_rows
from mmctr.ctr.layers.mlp import mlp
from mmctr.ctr.layers.plain import overwriting_layers, plain_layers
from mmctr.ctr.models.base import EmbeddedBatch, Interest
from mmctr.runtime.linear import linear, spare_rows

# Of a request, so many positions at a time stay in a core's cache.
_POSITIONS = 1_024


class TargetAttention(Interest):
    """DIN's activation unit on a jagged history (Zhou et al., 2018, eq. 3), no softmax.

    The same function as ``fuxictr.pytorch.layers.DIN_Attention``, with the same
    weights: the first layer over ``[q, k, q - k, q * k]`` is split into ``q (Wq + Wd) +
    k (Wk - Wd) + (q * k) Wp``, and each part is computed as rarely as possible: that
    of q once per row, that of k once per item where items are fewer than positions, and
    that of levels once per pair of levels.

    Where all rows have one history, as those of a request, each of its items is a
    matrix that the targets are multiplied with.

    Shapes: see :class:`~mmctr.ctr.models.base.Interest` -> ``[B, D]``; zeros for an
        empty history.
    """

    def __init__(
        self, dim: int, units: list[int], *, dropout: float, seed: int, first_layer: int
    ) -> None:
        """Build the unit.

        Args:
            dim: Columns per item.
            units: Hidden widths.
            dropout: Share of hidden values dropped in training.
            seed: Seed of the dropout.
            first_layer: Number of its first dropout layer in the model.
        """
        super().__init__()
        self.attention_layer = mlp(
            4 * dim,
            units,
            dropout=dropout,
            batch_norm=False,
            seed=seed,
            first_layer=first_layer,
            axis="positions",
        )
        self._dim = dim
        # Each hidden value once, and what a dropout multiplies.
        self._values = 3 * dim + (3 if dropout > 0 else 1) * sum(units)
        self.width = dim
        self.dropouts = len(units)

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        """Weigh and sum the history of every row."""
        weights = self.weights(batch)
        only = self._only_history(batch)
        if only is not None:
            of_rows = weights.view(len(batch.target), len(only))
            return of_rows @ batch.items.whole().index_select(0, only)
        return batch.pool(weights.to(batch.items.free.dtype))

    def weights(self, batch: EmbeddedBatch) -> torch.Tensor:
        """The weight of every position, ``[T]``."""
        only = self._only_history(batch)
        if only is not None:
            return self._of_request(batch.items.whole(), batch.target, only)
        # Rows after the last position, computed and then dropped.
        history, segment = batch.history, batch.segment
        spare = (0, spare_rows(len(history), history.device))
        padded = batch._replace(
            history=functional.pad(history, spare),
            segment=functional.pad(segment, spare),
        )
        hidden = self._first_layer(padded)
        return self.attention_layer[1:](hidden).squeeze(1)[: len(history)]

    def _only_history(self, batch: EmbeddedBatch) -> torch.Tensor | None:
        return request_history(self, batch.history, batch.segment, len(batch.target))

    def _of_request(
        self, items: torch.Tensor, target: torch.Tensor, history: torch.Tensor
    ) -> torch.Tensor:
        """Weights ``[B * H]`` of a history ``[H]`` that all rows have."""
        first, *others = self.attention_layer
        of_query, of_key, of_difference, by_product = first.weight.split(
            self._dim, dim=1
        )
        keys = items.index_select(0, history)
        matrices = keys[:, None] * by_product + (of_query + of_difference)
        biases = functional.linear(keys, of_key - of_difference, first.bias)
        matrix, bias = matrices.flatten(0, 1), biases.flatten()
        found = []
        for part in target.split(max(_POSITIONS // len(history), 1)):
            hidden = functional.linear(items.index_select(0, part), matrix, bias)
            hidden = hidden.view(-1, biases.shape[1])
            found.append(overwriting_layers(others, hidden))
        return torch.cat(found).squeeze(1)

    def padded(
        self, query: torch.Tensor, keys: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The same on padded histories, for exports."""
        queries = query[:, None].expand_as(keys)
        inputs = [queries, keys, queries - keys, queries * keys]
        weights = plain_layers(self.attention_layer, torch.cat(inputs, dim=2))
        return (weights * counted[:, :, None] * keys).sum(1)

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values held from forward to backward."""
        return positions * self._values

    def _first_layer(self, batch: EmbeddedBatch) -> torch.Tensor:
        """``[T, units]``, before its activation."""
        items, target, history, segment = batch
        first, levels = self.attention_layer[0], items.levels
        of_query, of_key, of_difference, by_product = first.weight.split(
            self._dim, dim=1
        )
        by_query, by_key = of_query + of_difference, of_key - of_difference
        tables, rows = [], []
        if levels is not None:
            by_query, queries_by = levels.cut(by_query)
            by_key, keys_by = levels.cut(by_key)
            by_product, products_by = levels.cut(by_product)
            tables.append(_of_pairs(levels.vectors, queries_by, keys_by, products_by))
            of_queries = levels.of(target.index_select(0, segment)).rows
            rows.append(of_queries * levels.vectors.shape[1] + levels.of(history).rows)

        queries = functional.embedding(target, items.free)
        keys = functional.embedding(history, items.free)
        tables.append(linear(queries, by_query, first.bias))
        rows.append(segment)
        inputs = functional.embedding(segment, queries) * keys
        # The part of k: computed once per item, or once per position.
        if len(items.free) < len(history):
            tables.append(linear(items.free, by_key))
            rows.append(history)
        else:
            inputs = torch.cat([inputs, keys], dim=1)
            by_product = torch.cat([by_product, by_key], dim=1)
        looked_up = add_rows([table.to(keys.dtype) for table in tables], rows)
        return looked_up.add_(linear(inputs, by_product))


def _of_pairs(
    vectors: torch.Tensor,
    queries_by: torch.Tensor,
    keys_by: torch.Tensor,
    products_by: torch.Tensor,
) -> torch.Tensor:
    """The layer of every (query, key) of ``[L, n, d]`` vectors: ``[L, n * n, units]``.

    Its matrices are ``[L, d, units]``.
    """
    products = (vectors[:, :, None] * vectors[:, None]).flatten(1, 2)
    queries, keys = vectors @ queries_by, vectors @ keys_by
    sums = (queries[:, :, None] + keys[:, None]).flatten(1, 2)
    return sums + products @ products_by
