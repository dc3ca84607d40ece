"""Multi-head attention of one query per row to its history, without padding."""

import math

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.inputs.only_history import request_history
from mmctr.ctr.layers.dropout import StepDropout
from mmctr.ctr.layers.plain import plain_linear
from mmctr.runtime.linear import RowsLinear


class SegmentAttention(nn.Module):
    """Multi-head attention (Vaswani et al., 2017) of targets to jagged histories.

    The same function as ``torch.nn.MultiheadAttention`` and, without biases,
    ``fuxictr.pytorch.layers.MultiHeadTargetAttention``. Keys and values are computed
    once per distinct item, or, where items are many, not at all; the softmax runs over
    real positions. An empty history gives zeros before the last layer. Keys have no
    bias, which would add the same to all scores of a row. If the heads do not divide
    the columns, each is a little wider.

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
            bias: Whether the other projections have biases.
        """
        super().__init__()
        self._heads = heads
        inner = heads * math.ceil(width / heads)
        self._scale = 1 / math.sqrt(inner // heads)
        self.query = RowsLinear(width, inner, bias=bias)
        self.key = RowsLinear(width, inner, bias=False)
        self.value = RowsLinear(width, inner, bias=bias)
        self.out = RowsLinear(inner, width, bias=bias)
        self.dropout = StepDropout(dropout, seed=seed, layer=layer, axis="positions")

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
        queries = self.query(query)
        only = request_history(self, history, segment, len(query))
        if only is not None:
            return self._of_request(queries, items.index_select(0, only))
        if _many(len(items), len(query)):
            return self._by_queries(queries, items, history, segment)
        keys = self.key(items)
        scores = pair_products(queries, keys, history, segment, self._heads)
        weights = segment_softmax(scores * self._scale, segment, len(query))
        pooled = pool_heads(
            self.value(items), self.dropout(weights), history, segment, len(query)
        )
        return self.out(pooled), weights

    def _of_request(
        self, queries: torch.Tensor, items: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same where all rows have the history ``[H, D]``: products of matrices."""
        apart, keys, values = (
            x.unflatten(1, (self._heads, -1)).transpose(0, 1)
            for x in (queries, self.key(items), self.value(items))
        )
        weights = (apart @ keys.mT * self._scale).softmax(2)
        found = (weights @ values).transpose(0, 1).flatten(1)
        return self.out(found), weights.permute(1, 2, 0).flatten(0, 1)

    def _by_queries(
        self,
        queries: torch.Tensor,
        items: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same where items are many: projections move to the rows.

        ``q (K h) = (q K) h``, and the values' projection passes the sum of items.
        """
        rows, heads = len(queries), self._heads
        apart = queries.unflatten(1, (heads, -1)).transpose(0, 1)
        keys = self.key.weight.unflatten(0, (heads, -1)).to(apart.dtype)
        projected = (apart @ keys).transpose(0, 1).flatten(1)
        own = functional.embedding(history, items).to(projected.dtype)
        scores = functional.embedding(segment, projected).unflatten(1, (heads, -1))
        wide = torch.promote_types(scores.dtype, torch.float32)
        scores = (scores * own[:, None]).sum(2, dtype=wide)
        weights = segment_softmax(scores * self._scale, segment, rows)
        kept = self.dropout(weights)
        pooled = pool_items(items, kept, history, segment, rows)
        values = self.value.weight.unflatten(0, (heads, -1)).transpose(1, 2)
        found = (pooled @ values.to(pooled.dtype)).transpose(0, 1).flatten(1)
        if self.value.bias is not None:
            sums = kept.new_zeros(rows, heads).index_add(0, segment, kept)
            bias = self.value.bias.unflatten(0, (heads, -1))
            found = found + (sums[:, :, None] * bias).flatten(1)
        return self.out(found), weights

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values held from forward to backward but those of rows."""
        width = self.query.in_features
        weights = 6 * self._heads * positions
        if _many(items, rows):
            return weights + (self._heads + 1) * positions * width
        return weights + 2 * (positions + items) * width

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


def _many(items: float, rows: float) -> bool:
    """Whether projecting queries is less work than projecting items."""
    return items > 2 * rows


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
    # The heads' own parts of the values.
    parts = torch.arange(heads, device=history.device)[:, None]
    own = values.reshape(len(values) * heads, values.shape[1] // heads)
    places = history * heads + parts
    return _bags(own, places, weights, segment, rows).transpose(0, 1).flatten(1)


def pool_items(
    items: torch.Tensor,
    weights: torch.Tensor,
    history: torch.Tensor,
    segment: torch.Tensor,
    rows: int,
) -> torch.Tensor:
    """Sum whole items as :func:`pool_heads` does parts: ``[heads, rows, D]``."""
    places = history.expand(weights.shape[1], -1)
    return _bags(items, places, weights, segment, rows)


def _bags(
    table: torch.Tensor,
    places: torch.Tensor,
    weights: torch.Tensor,
    segment: torch.Tensor,
    rows: int,
) -> torch.Tensor:
    """A bag per head and row of ``places [heads, T]``: ``[heads, rows, d]``."""
    heads, count = places.shape
    each = torch.arange(rows, device=places.device)
    starts = torch.searchsorted(segment, each)
    starts = starts + torch.arange(heads, device=places.device)[:, None] * count
    pooled = functional.embedding_bag(
        places.flatten(),
        table,
        starts.flatten(),
        mode="sum",
        per_sample_weights=weights.T.flatten().to(table.dtype),
    )
    return pooled.unflatten(0, (heads, rows))
