"""The Quadratic Interest Network."""

import math
from typing import ClassVar

import torch
from torch.nn import functional

from mmctr.ctr.inputs.only_history import request_history
from mmctr.ctr.layers.plain import plain_linear
from mmctr.ctr.layers.segment_attention import pair_products, pool_items
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import EmbeddedBatch, Interest
from mmctr.ctr.models.interest_model import InterestModel
from mmctr.runtime.linear import RowsLinear, linear


class ReluAttention(Interest):
    """Target attention whose weights are ``relu(q k / sqrt(inner))``, no softmax.

    The weighted sum of values passes a layer and is added to the target. Projections
    of keys and values are moved to the rows, which are fewer than the items:
    ``q (K h) = (q K) h``, and that of values passes the sum of items.

    Shapes: see :class:`~mmctr.ctr.models.base.Interest` -> ``[B, D]``; the target for
    an empty history.
    """

    stages = 3

    def __init__(self, width: int, inner: int) -> None:
        """Build the projections.

        Args:
            width: Columns per item.
            inner: Columns of queries, keys and values.
        """
        super().__init__()
        self.width = width
        self._inner = inner
        self.query = RowsLinear(width, inner, bias=False)
        self.key = RowsLinear(width, inner, bias=False)
        self.value = RowsLinear(width, inner, bias=False)
        self.out = RowsLinear(inner, width)

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        """Weigh and sum the history of every row."""
        vectors = batch.items.whole()
        query = functional.embedding(batch.target, vectors)
        weights = self._weights(query, vectors, batch)
        only = self._only_history(batch)
        if only is not None:
            values = self.value(vectors.index_select(0, only))
            pooled = weights.view(len(query), len(only)) @ values
        else:
            places = batch.history, batch.segment
            pooled = self.value(pool_items(vectors, weights, *places, len(query))[0])
        return self.out(pooled) + query

    def weights(self, batch: EmbeddedBatch) -> torch.Tensor:
        """``[T]``, at least 0."""
        vectors = batch.items.whole()
        query = functional.embedding(batch.target, vectors)
        return self._weights(query, vectors, batch).squeeze(1)

    def padded(
        self, query: torch.Tensor, keys: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The same on padded histories, for exports."""
        own = plain_linear(self.query, query)[:, None]
        scores = (own * plain_linear(self.key, keys)).sum(2) / math.sqrt(self._inner)
        weights = functional.relu(scores) * counted
        pooled = (weights[:, :, None] * plain_linear(self.value, keys)).sum(1)
        return plain_linear(self.out, pooled) + query

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values held from forward to backward."""
        own = (items + 2 * positions) * self.width
        return own + rows * (3 * self.width + 2 * self._inner)

    def _weights(
        self, query: torch.Tensor, vectors: torch.Tensor, batch: EmbeddedBatch
    ) -> torch.Tensor:
        """``[T, 1]``."""
        queries, only = self.query(query), self._only_history(batch)
        if only is not None:
            keys = self.key(vectors.index_select(0, only))
            scores = (queries @ keys.T).flatten()[:, None]
        else:
            projected = linear(queries, self.key.weight.T)
            places = batch.history, batch.segment
            scores = pair_products(projected, vectors, *places, 1)
        return functional.relu(scores / math.sqrt(self._inner))

    def _only_history(self, batch: EmbeddedBatch) -> torch.Tensor | None:
        return request_history(self, batch.history, batch.segment, len(batch.target))


class Qin(InterestModel):
    """ReLU attention and the quadratic head (Zhou & Yan, arXiv 2504.17699)."""

    own_head: ClassVar[str] = "quadratic"

    @staticmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> ReluAttention:
        """Build the attention."""
        return ReluAttention(width, params.qin.inner * width)
