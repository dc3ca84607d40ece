"""What depends on weights alone, computed once where these no longer change."""

from abc import ABC, abstractmethod

import torch
from torch import nn


class ComputedOnce(ABC):
    """A part of a model that has such values."""

    @abstractmethod
    def compute_once(self) -> None:
        """Compute them, to be used from now on; weights must stay as they are."""


@torch.no_grad()
def compute_once(model: nn.Module) -> None:
    """Let every part of a model compute them, for scoring."""
    for module in model.modules():
        if isinstance(module, ComputedOnce):
            module.compute_once()
