"""Several trainings as one model: the mean of their logits."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.models.base import CtrModel


class MeanLogit(nn.Module):
    """The mean of the logits of models that differ in their seeds alone.

    What they look up and has the same values, such as vectors of items, is held once.

    Shapes: a :class:`~mmctr.ctr.inputs.click_log.Batch` of B rows -> logits ``[B]``,
    float32.
    """

    def __init__(self, members: Iterable[CtrModel]) -> None:
        """Take the models.

        Args:
            members: With their weights, which are not changed any more; one after the
                other, so that not all of their buffers are held at once.
        """
        super().__init__()
        self.seeds = nn.ModuleList()
        for member in members:
            if self.seeds:
                _share_buffers(self.seeds[0], member)
            self.seeds.append(member)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Score the targets of a batch."""
        # The mean of bf16 logits would be rounded again.
        return torch.stack([own(batch).float() for own in self.seeds]).mean(0)


def _share_buffers(first: nn.Module, other: nn.Module) -> None:
    """Replace buffers of ``other`` by those of ``first`` that are equal."""
    pairs: Any = zip(first.modules(), other.modules(), strict=True)
    for ours, theirs in pairs:
        for name, own in ours.named_buffers(recurse=False):
            if torch.equal(own, getattr(theirs, name)):
                setattr(theirs, name, own)
