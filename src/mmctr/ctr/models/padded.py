"""Models on padded histories, for exports: fixed operations, whatever the sizes."""

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.features.code_matches import CodeMatches
from mmctr.ctr.features.padded import (
    ComparedStatistics,
    PaddedMatches,
    PaddedSimilarity,
)

if TYPE_CHECKING:
    from mmctr.ctr.models.interest_model import InterestModel


class PaddedModel(nn.Module):
    """What the model computes that it is made of, in evaluation.

    Items are a matrix that is computed once. Of a history the newest ``max_history``
    items count, wherever its zeros are.

    Shapes: ``target [B]``, ``history [B, H]`` -> logits ``[B]``.
    """

    def __init__(
        self, trained: "InterestModel", n_items: int, max_history: int
    ) -> None:
        """Share the weights of a model, and embed all items.

        Args:
            trained: In evaluation, on the CPU.
            n_items: Its items.
            max_history: Positions used per row.
        """
        super().__init__()
        self._max_history = max_history
        with torch.no_grad():
            items = trained.items(torch.arange(n_items + 1)).whole()
        self.register_buffer("items", items.contiguous())
        self.interest = trained.interest
        self.head = trained.head
        self.empty_history = trained.empty_history
        self.row_fields = trained.row_fields
        own = trained.row_statistics
        self.row_statistics = None if own is None else ComparedStatistics(own)
        self.comparisons = nn.ModuleList(
            PaddedMatches(each)
            if isinstance(each, CodeMatches)
            else PaddedSimilarity(each)
            for each in trained.comparisons.values()
        )

    def forward(
        self,
        target: torch.Tensor,
        history: torch.Tensor,
        statistics: torch.Tensor | None = None,
        field_codes: torch.Tensor | None = None,
        field_values: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Score rows.

        Args:
            target: ``[B]`` int64 items, 0 for an unknown one.
            history: ``[B, H]`` int64 items, oldest first; 0 is no item.
            statistics: ``[B, S]`` float32, NaN where undefined.
            field_codes: ``[B, C]`` int64.
            field_values: ``[B, V]`` float32.
        """
        # A position more: runtimes sum over no position at all as they like.
        history = functional.pad(history, (1, 0))
        is_item = history > 0
        newer = is_item.long().flip(1).cumsum(1).flip(1)
        counted = is_item & (newer <= self._max_history)
        own = self.items[target]
        few, of_rows = [], []
        if self.row_fields is not None:
            if field_values is None:
                field_values = own[:, :0]
            found = self.row_fields(field_codes, field_values)
            few, of_rows = found.few(), [found.free]
        parts = [*few, own, self._pooled(own, history, counted)]
        parts += [each(target, history, counted) for each in self.comparisons]
        if self.row_statistics is not None:
            parts.append(self.row_statistics(statistics))
        parts += of_rows
        return self.head.padded(torch.cat(parts, dim=1))

    def _pooled(
        self, query: torch.Tensor, history: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """What the interest makes of the history, ``[B, width]``."""
        pooled = self.interest.padded(query, self.items[history], counted)
        if self.empty_history is None:
            return pooled
        is_empty = ~counted.any(1, keepdim=True)
        return pooled + is_empty * self.empty_history
