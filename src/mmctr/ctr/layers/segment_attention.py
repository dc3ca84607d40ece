"""Multi-head attention of one query per row to its history, without padding."""

import math

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.layers.dropout import StepDropout
from mmctr.ctr.layers.plain import plain_linear
from mmctr.runtime.linear import RowsLinear


class SegmentAttention(nn.Module):
    """Multi-head attention (Vaswani et al., 2017) of targets to jagged histories.

    The same function as ``torch.nn.MultiheadAttention`` and, without biases,
    ``fuxictr.pytorch.layers.MultiHeadTargetAttention``. Keys and values are computed
    once per distinct item, the softmax runs over real positions. An empty history gives
    zeros before the last layer. If the heads do not divide the columns, each is a
    little wider.

    Shapes: ``query [B, D]``, ``items [U, D]``, ``history [T]`` (rows of ``items``),
    ``segment [T]`` (row of the batch of each position, ascending) -> ``[B, D]``.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        dropout: float,
        seed: int,
        layer: int,
        bias: bool = True,
    ) -> None:
        """Build the projections.

        Args:
            width: Columns of queries and items.
            heads: Heads.
            dropout: Share of attention weights dropped in training.
            seed: Seed of the dropout.
            layer: Its number among the model's dropout layers.
            bias: Whether the projections have biases.
        """
        super().__init__()
        self._heads = heads
        inner = heads * math.ceil(width / heads)
        self._scale = 1 / math.sqrt(inner // heads)
        self.query = RowsLinear(width, inner, bias=bias)
        self.key = RowsLinear(width, inner, bias=bias)
        self.value = RowsLinear(width, inner, bias=bias)
        self.out = RowsLinear(inner, width, bias=bias)
        self.dropout = StepDropout(dropout, seed=seed, layer=layer)

    def forward(
        self,
        query: torch.Tensor,
        items: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Attend.

        Returns:
            The result, and the weights ``[T, heads]`` before dropout.
        """
        queries, keys = self.query(query), self.key(items)
        scores = pair_products(queries, keys, history, segment, self._heads)
        weights = segment_softmax(scores * self._scale, segment, len(query))
        pooled = pool_heads(
            self.value(items), self.dropout(weights), history, segment, len(query)
        )
        return self.out(pooled), weights

    def padded(
        self, query: torch.Tensor, items: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The same in evaluation on padded histories, for exports.

        Args:
            query: ``[B, D]``.
            items: ``[B, H, D]``.
            counted: ``[B, H]`` bool, where an item is.
        """
        apart = (self._heads, -1)
        queries = plain_linear(self.query, query).unflatten(1, apart)
        keys = plain_linear(self.key, items).unflatten(2, apart)
        values = plain_linear(self.value, items).unflatten(2, apart)
        scores = (queries[:, None] * keys).sum(3) * self._scale
        none = ~counted[:, :, None]
        weights = scores.masked_fill(none, -1e30).softmax(1).masked_fill(none, 0.0)
        pooled = (weights[..., None] * values).sum(1).flatten(1)
        return plain_linear(self.out, pooled)


def pair_products(
    queries: torch.Tensor,
    keys: torch.Tensor,
    history: torch.Tensor,
    segment: torch.Tensor,
    heads: int,
) -> torch.Tensor:
    """Inner products of the query and the key of every position, by head.

    Args:
        queries: ``[B, heads * d]``.
        keys: ``[U, heads * d]``.
        history: ``[T]`` rows of ``keys``.
        segment: ``[T]`` rows of ``queries``.
        heads: Heads.

    Returns:
        ``[T, heads]``, float32 at least.
    """
    products = functional.embedding(segment, queries)
    products = products * functional.embedding(history, keys)
    wide = torch.promote_types(products.dtype, torch.float32)
    return products.unflatten(1, (heads, -1)).sum(2, dtype=wide)


def segment_softmax(
    scores: torch.Tensor, segment: torch.Tensor, rows: int
) -> torch.Tensor:
    """Softmax over the positions of each row.

    Args:
        scores: ``[T, heads]``.
        segment: ``[T]``, the row of each position.
        rows: Number of rows.
    """
    fixed = scores.detach()
    highest = fixed.new_full((rows, scores.shape[1]), -torch.inf).scatter_reduce(
        0, segment[:, None].expand_as(fixed), fixed, "amax"
    )
    powers = (scores - highest.index_select(0, segment)).exp()
    sums = powers.new_zeros(rows, scores.shape[1]).index_add(0, segment, powers)
    return powers / functional.embedding(segment, sums)


def pool_heads(
    values: torch.Tensor,
    weights: torch.Tensor,
    history: torch.Tensor,
    segment: torch.Tensor,
    rows: int,
) -> torch.Tensor:
    """Sum weighted values per row and head.

    Args:
        values: ``[U, heads * d]``.
        weights: ``[T, heads]``.
        history: ``[T]`` rows of ``values``.
        segment: ``[T]``, ascending.
        rows: Number of rows.

    Returns:
        ``[rows, heads * d]``; zeros without positions.
    """
    heads = weights.shape[1]
    # A bag per head and row, of the heads' own parts of the values.
    parts = torch.arange(heads, device=history.device)[:, None]
    each = torch.arange(rows, device=history.device)
    starts = torch.searchsorted(segment, each) + parts * len(history)
    pooled = functional.embedding_bag(
        (history * heads + parts).flatten(),
        values.reshape(len(values) * heads, -1),
        starts.flatten(),
        mode="sum",
        per_sample_weights=weights.T.flatten().to(values.dtype),
    )
    return pooled.unflatten(0, (heads, rows)).transpose(0, 1).flatten(1)
