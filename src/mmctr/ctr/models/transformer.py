"""A transformer over history and target."""

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.layers.encoder_layer import (
    EncoderLayer,
    SequenceBlock,
    sequence_blocks,
)
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.models.base import EmbeddedBatch, Interest
from mmctr.ctr.models.interest_model import InterestModel
from mmctr.ctr.models.params import TransformerParams
from mmctr.runtime.linear import spare_rows


class TransformerInterest(Interest):
    """Encoder layers over the history and the target as its last token.

    The result is what became of the target, and the maximum over all tokens. The order
    of the history plays no part.

    Shapes: see :class:`~mmctr.ctr.models.base.Interest` -> ``[B, 2 D]``.
    """

    def __init__(
        self, width: int, params: TransformerParams, *, seed: int, first_layer: int
    ) -> None:
        """Build the layers.

        Args:
            width: Columns per item.
            params: Layers, heads, sizes.
            seed: Seed of the dropout.
            first_layer: Number of its first dropout layer in the model.
        """
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(
                width,
                params.heads,
                params.feed_forward * width,
                dropout=params.dropout,
                seed=seed,
                layer=first_layer + place * EncoderLayer.DROPOUTS,
            )
            for place in range(params.layers)
        )
        self.dropouts = params.layers * EncoderLayer.DROPOUTS
        self.width = 2 * width
        self.stages = params.layers + 1
        values = (17 + 2 * params.feed_forward) * width
        self._per_token = 2 * width + params.layers * values

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        """Encode every row."""
        tokens, *_ = self._encode(batch, len(self.layers))
        positions, count = len(batch.history), len(batch.target)
        tokens = tokens[: positions + count]
        rows = torch.arange(count, device=tokens.device)
        owners = torch.cat([batch.segment, rows])[:, None].expand_as(tokens)
        lowest = tokens.new_full((count, tokens.shape[1]), -torch.inf)
        highest = lowest.scatter_reduce(0, owners, tokens, "amax")
        return torch.cat([tokens[positions:], highest], dim=1)

    def weights(self, batch: EmbeddedBatch) -> torch.Tensor:
        """``[T]``, how the target weighs each position in the last layer."""
        before = len(self.layers) - 1
        tokens, blocks, rows = self._encode(batch, before)
        last = self.layers[-1]
        return last.weights(last.inputs(tokens), blocks, rows)[: len(batch.history)]

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values held from forward to backward."""
        return (rows + positions) * self._per_token

    def _encode(
        self, batch: EmbeddedBatch, layers: int
    ) -> tuple[torch.Tensor, list[SequenceBlock], torch.Tensor]:
        """Tokens behind the first layers: histories, targets, then spare ones.

        With them the blocks, and the rows of tokens among tokens.
        """
        lengths = torch.bincount(batch.segment, minlength=len(batch.target))
        vectors = batch.items.whole()
        places = torch.cat([batch.history, batch.target])
        spare = spare_rows(len(places), places.device)
        places = functional.pad(places, (0, spare))
        tokens = functional.embedding(places, vectors)
        blocks = sequence_blocks(lengths)
        # What is no token looks as the first does.
        rows = functional.pad(torch.arange(len(places), device=places.device), (0, 1))
        for number, layer in enumerate(self.layers[:layers]):
            if number == 0:
                of_items = functional.pad(places, (0, 1))
                tokens = layer(tokens, layer.inputs(vectors), blocks, of_items)
            else:
                tokens = layer(tokens, layer.inputs(tokens), blocks, rows)
        return tokens, blocks, rows

    def padded(
        self, query: torch.Tensor, keys: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The same on padded histories, for exports."""
        tokens = torch.cat([keys, query[:, None]], dim=1)
        is_token = torch.cat([counted, torch.ones_like(counted[:, :1])], dim=1)
        for layer in self.layers:
            tokens = layer.padded(tokens, is_token)
        highest = tokens.masked_fill(~is_token[:, :, None], -1e30).amax(1)
        return torch.cat([tokens[:, -1], highest], dim=1)


class Transformer(InterestModel):
    """A transformer over history and target (Vaswani et al., 2017).

    As Behavior Sequence Transformer (Chen et al., 2019) and TransAct (Xia et al., 2023)
    have it, with a maximum in place of all tokens side by side, and padding ignored.
    """

    @staticmethod
    def make_interest(
        width: int, params: ModelParams, *, seed: int, first_layer: int
    ) -> TransformerInterest:
        """Build the layers."""
        return TransformerInterest(
            width, params.transformer, seed=seed, first_layer=first_layer
        )
