"""Target attention on real history positions only."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.mlp import mlp


class LevelFeature(NamedTuple):
    """A feature of so few values that work on pairs of items is work on pairs of them.

    Attributes:
        column: Its first column in a vector of an item.
        vectors: ``[n, d]``, what each value contributes there.
        rows: ``[U]`` int64, the value of each item.
    """

    column: int
    vectors: torch.Tensor
    rows: torch.Tensor


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
        levels: Sequence[LevelFeature] = (),
    ) -> torch.Tensor:
        """Weigh and add up the history of every row.

        Args:
            items: As above; so are ``target``, ``history`` and ``segment``.
            levels: Features among the columns of ``items``, in their order, whose share
                of the first layer is computed once a pair of levels.
        """
        hidden = self._first_layer(items, target, history, segment, levels)
        weights = self.attention_layer[1:](hidden)
        rows = torch.arange(len(target), device=segment.device)
        return functional.embedding_bag(
            history,
            items,
            torch.searchsorted(segment, rows),
            mode="sum",
            per_sample_weights=weights.squeeze(1).to(items.dtype),
        )

    def _first_layer(
        self,
        items: torch.Tensor,
        target: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
        levels: Sequence[LevelFeature],
    ) -> torch.Tensor:
        """``[T, units]``, before its activation."""
        first = self.attention_layer[0]
        of_query, of_key, of_difference, of_product = first.weight.split(
            self._dim, dim=1
        )
        # Free columns and those of a level in turn, beginning and ending with free.
        sizes = _alternating(self._dim, levels)
        by_query = (of_query + of_difference).split(sizes, dim=1)
        by_key = (of_key - of_difference).split(sizes, dim=1)
        by_product = of_product.split(sizes, dim=1)
        free = torch.cat(items.split(sizes, dim=1)[::2], dim=1) if levels else items
        queries = functional.embedding(target, free)
        query_part = functional.linear(
            queries, torch.cat(by_query[::2], dim=1), first.bias
        )
        rest = functional.embedding(segment, query_part)
        for place, level in enumerate(levels):
            weights = (part[2 * place + 1] for part in (by_query, by_key, by_product))
            of_target = level.rows[target].index_select(0, segment)
            pair = of_target * len(level.vectors) + level.rows[history]
            rest = rest + functional.embedding(pair, _of_pairs(level.vectors, *weights))
        keys = functional.embedding(history, free)
        inputs = [functional.embedding(segment, queries) * keys]
        matrices = [torch.cat(by_product[::2], dim=1)]
        of_free_keys = torch.cat(by_key[::2], dim=1)
        if len(items) < len(history):
            key_part = functional.linear(free, of_free_keys)
            rest = rest + functional.embedding(history, key_part)
        else:
            inputs.append(keys)
            matrices.append(of_free_keys)
        return torch.addmm(rest, torch.cat(inputs, dim=1), torch.cat(matrices, dim=1).T)


def _alternating(dim: int, levels: Sequence[LevelFeature]) -> list[int]:
    """Widths of the columns between, and of, the levels."""
    sizes, end = [], 0
    for level in levels:
        width = level.vectors.shape[1]
        sizes += [level.column - end, width]
        end = level.column + width
    return [*sizes, dim - end]


def _of_pairs(
    vectors: torch.Tensor,
    by_query: torch.Tensor,
    by_key: torch.Tensor,
    by_product: torch.Tensor,
) -> torch.Tensor:
    """The first layer of every (query, key) of ``[n, d]``: ``[n * n, units]``."""
    products = (vectors[:, None] * vectors).flatten(0, 1)
    queries = functional.linear(vectors, by_query)
    keys = functional.linear(vectors, by_key)
    pairs = (queries[:, None] + keys).flatten(0, 1)
    return pairs + functional.linear(products, by_product)
