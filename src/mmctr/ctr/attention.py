"""Target attention on real history positions only."""

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.mlp import mlp


class TargetAttention(nn.Module):
    """DIN's activation unit on a jagged history (Zhou et al., 2018, eq. 3), no softmax.

    The same function as ``fuxictr.pytorch.layers.DIN_Attention``, with the same
    weights: the first layer over ``[q, k, q - k, q * k]`` is split into ``q (Wq + Wd) +
    k (Wk - Wd) + (q * k) Wp``, whose k-part is computed once an item and whose q-part
    once a row.

    Shapes: ``items [U, D]`` (distinct items), ``target [B]`` and ``history [T]`` (rows
        of ``items``), ``segment [T]`` (row of the batch of each position) -> ``[B,
        D]``; zeros for an empty history.
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
        items: torch.Tensor,
        target: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
    ) -> torch.Tensor:
        """Weigh and add up the history of every row."""
        first = self.attention_layer[0]
        of_query, of_key, of_difference, of_product = first.weight.split(
            self._dim, dim=1
        )
        queries = functional.embedding(target, items)
        query_part = functional.linear(queries, of_query + of_difference, first.bias)
        key_part = functional.linear(items, of_key - of_difference)
        keys = functional.embedding(history, items)
        products = functional.embedding(segment, queries) * keys
        hidden = functional.linear(products, of_product)
        hidden = hidden + functional.embedding(history, key_part)
        hidden = hidden + functional.embedding(segment, query_part)
        weights = self.attention_layer[1:](hidden)
        pooled = torch.zeros_like(queries, dtype=keys.dtype)
        return pooled.index_add(0, segment, (weights * keys).to(keys.dtype))
