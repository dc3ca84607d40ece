"""A transformer's layer on jagged sequences."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.layers.dropout import StepDropout
from mmctr.ctr.layers.feed_forward import FeedForward
from mmctr.ctr.layers.norms import PlainLayerNorm
from mmctr.ctr.layers.plain import plain_linear
from mmctr.runtime.linear import RowsLinear


class SequenceBlock(NamedTuple):
    """Sequences of about the same length.

    Attributes:
        tokens: ``[b, L]`` int64 numbers of their tokens; that behind the last where
            there is none.
        is_token: ``[b, L]`` bool.
    """

    tokens: torch.Tensor
    is_token: torch.Tensor


class EncoderLayer(nn.Module):
    """``torch.nn.TransformerEncoderLayer`` (Vaswani et al., 2017), norms behind sums.

    All but the attention itself is computed on real tokens; attention runs in blocks of
    sequences of about the same length.

    Shapes: ``tokens [N, D]``, row after row -> the same.
    """

    DROPOUTS = 4

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        dropout: float,
        seed: int,
        layer: int,
    ) -> None:
        """Build the layer.

        Args:
            width: Columns per token; if the heads do not divide them, each head is a
                little wider.
            heads: Heads.
            hidden: Width of the feed-forward layers.
            dropout: Share dropped in training of attention weights, of both results and
                of hidden values.
            seed: Seed of the dropout.
            layer: Number of its first dropout layer in the model.
        """
        super().__init__()
        self._heads = heads
        inner = heads * math.ceil(width / heads)
        self.inputs = RowsLinear(width, 3 * inner)
        self.out = RowsLinear(inner, width)
        self.weight_dropout = StepDropout(
            dropout, seed=seed, layer=layer, axis="blocks"
        )
        self.feed_forward = FeedForward(
            width, hidden, dropout=dropout, seed=seed, layer=layer + 1, axis="tokens"
        )
        self.dropout, self.last_dropout = (
            StepDropout(dropout, seed=seed, layer=number, axis="tokens")
            for number in (layer + 2, layer + 3)
        )
        self.attention_norm = PlainLayerNorm(width)
        self.norm = PlainLayerNorm(width)

    def forward(
        self,
        tokens: torch.Tensor,
        projected: torch.Tensor,
        blocks: Sequence[SequenceBlock],
        rows: torch.Tensor,
    ) -> torch.Tensor:
        """Apply the layer.

        Args:
            tokens: ``[N, D]``.
            projected: ``[P, 3 * inner]``, of :attr:`inputs`.
            blocks: Which tokens stand together.
            rows: ``[N + 1]`` int64, the row of ``projected`` of each token; of tokens
                that are items it is computed once per item. The last stands where there
                is no token, and may be any.
        """
        pooled = [
            self._attend(own, block.is_token).flatten(2).flatten(0, 1)
            for own, block in self._in_blocks(projected, blocks, rows)
        ]
        places = torch.cat([block.tokens.flatten() for block in blocks])
        # One row more, of what is no token.
        found = projected.new_zeros(len(tokens) + 1, self.out.in_features)
        found = found.index_copy(0, places, torch.cat(pooled))[: len(tokens)]
        x = self.attention_norm(tokens + self.dropout(self.out(found)))
        return self.norm(x + self.last_dropout(self.feed_forward(x)))

    def padded(self, tokens: torch.Tensor, is_token: torch.Tensor) -> torch.Tensor:
        """The same of ``[B, L, D]`` in evaluation, in operations for exports."""
        inputs = plain_linear(self.inputs, tokens)
        found = self._attend(inputs, is_token).flatten(2)
        x = self.attention_norm(tokens + plain_linear(self.out, found))
        return self.norm(x + self.feed_forward.padded(x))

    def weights(
        self,
        projected: torch.Tensor,
        blocks: Sequence[SequenceBlock],
        rows: torch.Tensor,
    ) -> torch.Tensor:
        """``[N]``, how the last token of each sequence weighs each, mean over heads."""
        found = projected.new_zeros(len(rows))
        for own, block in self._in_blocks(projected, blocks, rows):
            queries, keys, _ = self._heads_of(own)
            # The last token of a sequence is the last of its row in the block.
            weights = self._softmax(queries[:, :, -1:], keys, block.is_token)
            mean = weights.mean(1).squeeze(1)
            found = found.index_copy(0, block.tokens.flatten(), mean.flatten())
        return found[:-1]

    def _in_blocks(
        self,
        projected: torch.Tensor,
        blocks: Sequence[SequenceBlock],
        rows: torch.Tensor,
    ) -> Iterator[tuple[torch.Tensor, SequenceBlock]]:
        """Each block's ``[b, L, 3 * inner]``; its gradient is put together once."""
        places = torch.cat([block.tokens.flatten() for block in blocks])
        found = functional.embedding(rows.index_select(0, places), projected)
        parts = found.split([block.tokens.numel() for block in blocks])
        for part, block in zip(parts, blocks, strict=True):
            yield part.unflatten(0, block.tokens.shape), block

    def _attend(self, inputs: torch.Tensor, is_token: torch.Tensor) -> torch.Tensor:
        """``[b, L, 3 * inner]`` -> ``[b, L, heads, inner / heads]``."""
        queries, keys, values = self._heads_of(inputs)
        weights = self.weight_dropout(self._softmax(queries, keys, is_token))
        return (weights.to(values.dtype) @ values).transpose(1, 2)

    def _heads_of(self, inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Queries, keys, values, ``[b, heads, L, inner / heads]`` each."""
        apart = inputs.unflatten(2, (3, self._heads, -1))
        return apart.permute(2, 0, 3, 1, 4).contiguous().unbind(0)

    def _softmax(
        self, queries: torch.Tensor, keys: torch.Tensor, is_token: torch.Tensor
    ) -> torch.Tensor:
        """``[b, heads, queries, keys]``, 0 where no token is."""
        scores = (queries @ keys.transpose(2, 3)).float()
        scores = scores / math.sqrt(queries.shape[3])
        return scores.masked_fill(~is_token[:, None, None], -1e30).softmax(3)


def sequence_blocks(lengths: torch.Tensor) -> list[SequenceBlock]:
    """Put histories with their targets behind them into blocks.

    Tokens ``0 .. T - 1`` are the histories' positions, row after row, those behind them
    the B targets.

    Args:
        lengths: ``[B]`` positions of each row.

    Returns:
        Blocks of histories of at most 1, 2, 3, 4, 6, 8, 12, 16, ... positions, on the
        device of the lengths, which the host waits for.
    """
    rows, total = len(lengths), int(lengths.sum())
    starts = lengths.cumsum(0) - lengths
    host = lengths.cpu()
    blocks, lower = [], -1
    for upper in _steps(int(host.max()) if rows else 0):
        own = ((host > lower) & (host <= upper)).nonzero().flatten()
        lower = upper
        if len(own):
            own = own.to(lengths.device)
            longest = int(host[own.cpu()].max())
            # Histories end at the target.
            behind = torch.arange(-longest, 0, device=lengths.device)
            counts = lengths.index_select(0, own)[:, None]
            is_item = behind >= -counts
            places = starts.index_select(0, own)[:, None] + counts + behind
            places = torch.where(is_item, places, total + rows)
            tokens = torch.cat([places, (total + own)[:, None]], dim=1)
            is_token = functional.pad(is_item, (0, 1), value=True)
            blocks.append(SequenceBlock(tokens, is_token))
    return blocks


def _steps(longest: int) -> list[int]:
    """0, 1, 2, 3, 4, 6, 8, 12, ... up to what holds the longest."""
    steps, power = [0, 1], 2
    while steps[-1] < longest:
        steps += [power, power + power // 2]
        power *= 2
    return steps
