"""Target attention on real history positions only."""

from itertools import islice

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.item_vectors import ItemVectors
from mmctr.ctr.levels import add_rows
from mmctr.ctr.mlp import mlp


class TargetAttention(nn.Module):
    """DIN's activation unit on a jagged history (Zhou et al., 2018, eq. 3), no softmax.

    The same function as ``fuxictr.pytorch.layers.DIN_Attention``, with the same
    weights: the first layer over ``[q, k, q - k, q * k]`` is split into ``q (Wq + Wd) +
    k (Wk - Wd) + (q * k) Wp``, and each part is computed as seldom as can be: that of q
    once a row, that of k once an item where items are fewer than positions, and that
    of a level once a pair of levels.

    Shapes: ``items`` (U distinct items of D columns), ``target [B]`` and ``history
        [T]`` (rows of ``items``), ``segment [T]`` (row of the batch of each position,
        ascending) -> ``[B, D]``; zeros for an empty history.
    """

    def __init__(
        self, dim: int, units: list[int], *, dropout: float, seed: int, first_layer: int
    ) -> None:
        """Build the unit.

        Args:
            dim: Width of an item.
            units: Hidden widths.
            dropout: Share of hidden values dropped in training.
            seed: Of the dropout.
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
        )
        self._dim = dim

    def forward(
        self,
        items: ItemVectors,
        target: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
    ) -> torch.Tensor:
        """Weigh and add up the history of every row."""
        hidden = self._first_layer(items, target, history, segment)
        weights = self.attention_layer[1:](hidden).squeeze(1)
        rows = torch.arange(len(target), device=segment.device)
        starts = torch.searchsorted(segment, rows)
        return items.pool(history, starts, weights.to(items.free.dtype))

    def _first_layer(
        self,
        items: ItemVectors,
        target: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
    ) -> torch.Tensor:
        """``[T, units]``, before its activation."""
        first = self.attention_layer[0]
        # Pieces of q, k, q - k and q * k: free columns and those of a level in turn.
        sizes = items.sizes
        pieces = iter(first.weight.split(4 * sizes, dim=1))
        of_query, of_key, of_difference, by_product = (
            list(islice(pieces, len(sizes))) for _ in range(4)
        )
        by_query = [q + d for q, d in zip(of_query, of_difference, strict=True)]
        by_key = [k - d for k, d in zip(of_key, of_difference, strict=True)]
        queries = functional.embedding(target, items.free)
        tables = [
            functional.linear(queries, torch.cat(by_query[::2], dim=1), first.bias)
        ]
        rows = [segment]
        for level, *matrices in zip(
            items.levels, by_query[1::2], by_key[1::2], by_product[1::2], strict=True
        ):
            tables.append(_of_pairs(level.vectors, *matrices))
            of_queries = level.rows.index_select(0, target).index_select(0, segment)
            of_keys = level.rows.index_select(0, history)
            rows.append(of_queries * len(level.vectors) + of_keys)

        keys = functional.embedding(history, items.free)
        inputs = [functional.embedding(segment, queries) * keys]
        matrices = [torch.cat(by_product[::2], dim=1)]
        key_matrix = torch.cat(by_key[::2], dim=1)
        if len(items.free) < len(history):
            tables.append(functional.linear(items.free, key_matrix))
            rows.append(history)
        else:
            inputs.append(keys)
            matrices.append(key_matrix)
        looked_up = add_rows([table.to(keys.dtype) for table in tables], rows)
        return torch.addmm(
            looked_up, torch.cat(inputs, dim=1), torch.cat(matrices, dim=1).T
        )


def _of_pairs(
    vectors: torch.Tensor,
    by_query: torch.Tensor,
    by_key: torch.Tensor,
    by_product: torch.Tensor,
) -> torch.Tensor:
    """The layer of every (query, key) of ``[n, d]`` vectors: ``[n * n, units]``."""
    products = (vectors[:, None] * vectors).flatten(0, 1)
    queries = functional.linear(vectors, by_query)
    keys = functional.linear(vectors, by_key)
    pairs = (queries[:, None] + keys).flatten(0, 1)
    return pairs + functional.linear(products, by_product)
