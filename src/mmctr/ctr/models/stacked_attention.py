"""Layers of attention from the target to the history, one on the other."""

from abc import abstractmethod

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.layers.dropout import StepDropout
from mmctr.ctr.layers.feed_forward import FeedForward
from mmctr.ctr.layers.segment_attention import SegmentAttention
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import EmbeddedBatch, Interest
from mmctr.ctr.models.din.attention import TargetAttention
from mmctr.ctr.models.params import StackedAttentionParams


class AttentionLayer(nn.Module):
    """One layer; subclasses have the normalisation and call the three steps.

    Shapes: ``query [B, D]``, ``items [U, D]`` and their places -> ``[B, D]``.
    """

    DROPOUTS = 4
    """Dropout layers of its own."""

    ITEM_VALUES = 0
    """Values held per item and column by norms."""

    def __init__(
        self, width: int, params: StackedAttentionParams, *, seed: int, layer: int
    ) -> None:
        """Build attention and feed-forward layers.

        Args:
            width: Columns per item.
            params: Heads, sizes, dropout.
            seed: Seed of the dropout.
            layer: Number of its first dropout layer in the model.
        """
        super().__init__()
        share = params.dropout
        self.attention = SegmentAttention(
            width, params.heads, dropout=share, seed=seed, layer=layer
        )
        self.feed_forward = FeedForward(
            width,
            params.feed_forward * width,
            dropout=share,
            seed=seed,
            layer=layer + 1,
        )
        self.dropout = StepDropout(share, seed=seed, layer=layer + 2)
        self.last_dropout = StepDropout(share, seed=seed, layer=layer + 3)

    @abstractmethod
    def of_items(self, items: torch.Tensor) -> torch.Tensor:
        """What keys and values are made of; ``[..., D]`` -> the same."""

    @abstractmethod
    def attended(self, query: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        """Join the query and what it found; ``[B, D]`` each."""

    @abstractmethod
    def joined(self, x: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        """Join that and what the feed-forward layers make of it."""

    def forward(
        self,
        query: torch.Tensor,
        items: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Apply the layer; also gives the weights ``[T, heads]``."""
        found, weights = self.attention(query, self.of_items(items), history, segment)
        x = self.attended(query, found)
        return self.joined(x, self.feed_forward(x)), weights

    def padded(
        self, query: torch.Tensor, items: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The same on padded histories ``[B, H, D]``, in evaluation."""
        found = self.attention.padded(query, self.of_items(items), counted)
        x = self.attended(query, found)
        return self.joined(x, self.feed_forward.padded(x))


class StackedAttention(Interest):
    """DIN's pooled history, if chosen, beside the last layer's result.

    The first layer's query is the target, each later one's what the layer before made.

    Shapes: see :class:`~mmctr.ctr.models.base.Interest` -> ``[B, D]`` or ``[B, 2 D]``.
    """

    def __init__(
        self,
        layer_class: type[AttentionLayer],
        width: int,
        own: StackedAttentionParams,
        params: ModelParams,
        *,
        seed: int,
        first_layer: int,
    ) -> None:
        """Build the layers.

        Args:
            layer_class: The kind of layer.
            width: Columns per item.
            own: Layers, heads, sizes.
            params: Sizes of DIN's unit.
            seed: Seed of the dropout.
            first_layer: Number of its first dropout layer in the model.
        """
        super().__init__()
        self.din: TargetAttention | None = None
        number = first_layer
        if own.din:
            self.din = TargetAttention(
                width,
                params.attention_units,
                dropout=params.attention_dropout,
                seed=seed,
                first_layer=number,
            )
            number += self.din.dropouts
        self.layers = nn.ModuleList()
        for _ in range(own.layers):
            self.layers.append(layer_class(width, own, seed=seed, layer=number))
            number += layer_class.DROPOUTS
        self.dropouts = number - first_layer
        self.width = width * (2 if own.din else 1)
        # The whole vectors, and norms of items where there are any.
        self.stages = max(own.layers + own.din, 2)
        self._per_item = (1 + own.layers * layer_class.ITEM_VALUES) * width
        self._per_row = own.layers * (9 + 2 * own.feed_forward) * width

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        """Attend, layer after layer."""
        found, _ = self._attend(batch)
        if self.din is None:
            return found
        return torch.cat([self.din(batch), found], dim=1)

    def weights(self, batch: EmbeddedBatch) -> torch.Tensor:
        """``[T]``, the mean over layers and heads; 1 in sum per row."""
        _, weights = self._attend(batch)
        return torch.stack(weights).mean(dim=(0, 2))

    def padded(
        self, query: torch.Tensor, keys: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The same on padded histories, for exports."""
        found = query
        for layer in self.layers:
            found = layer.padded(found, keys, counted)
        if self.din is None:
            return found
        return torch.cat([self.din.padded(query, keys, counted), found], dim=1)

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values held from forward to backward."""
        own = items * self._per_item + rows * self._per_row
        for layer in self.layers:
            own += layer.attention.activations(rows, positions, items)
        if self.din is not None:
            own += self.din.activations(rows, positions, items)
        return own

    def _attend(self, batch: EmbeddedBatch) -> tuple[torch.Tensor, list[torch.Tensor]]:
        vectors = batch.items.whole()
        found, weights = functional.embedding(batch.target, vectors), []
        for layer in self.layers:
            found, own = layer(found, vectors, batch.history, batch.segment)
            weights.append(own)
        return found, weights
