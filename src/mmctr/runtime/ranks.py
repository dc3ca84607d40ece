"""Processes that train one model together: their shares, and sums over all of them."""

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import distributed
from torch.autograd.function import once_differentiable


@dataclass(frozen=True)
class Ranks:
    """This process among those of torch's process group.

    Attributes:
        rank: Its number.
        count: Of processes; 1 without a group.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def current(cls) -> Self:
        """Those of the group that was initialised, if any."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def is_first(self) -> bool:
        """Whether this process writes and logs for all."""
        return self.rank == 0

    def own(self, n: int) -> slice:
        """This process's share of n things in a row; shares differ by one at most."""
        return slice(n * self.rank // self.count, n * (self.rank + 1) // self.count)

    def gather(self, mine: Any) -> list[Any]:
        """What each process gives, in their order, on all of them."""
        if self.count == 1:
            return [mine]
        found: list[Any] = [None] * self.count
        distributed.all_gather_object(found, mine)
        return found

    def of_first(self, mine: Any) -> Any:
        """What the first process gives, on all of them."""
        if self.count == 1:
            return mine
        found = [mine]
        distributed.broadcast_object_list(found)
        return found[0]


def sum_over_ranks(x: torch.Tensor) -> torch.Tensor:
    """The sum of the tensors of all processes, with gradients to all of them."""
    return _Sum.apply(x)


def gather_rows(own: torch.Tensor, start: int, total: int) -> torch.Tensor:
    """Put the rows of all processes together.

    What is computed of the result, each process computes alike. Its gradient is that of
    the own rows times the number of processes, so that their mean over processes, as
    DDP takes it, is the gradient of one process with all rows.

    Args:
        own: ``[n]``.
        start: Number of the first own row.
        total: Rows of all.

    Returns:
        ``[total]``.
    """
    return _Gathered.apply(own, start, total)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        total = x.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: torch.Tensor) -> torch.Tensor:
        total = outer.clone()
        distributed.all_reduce(total)
        return total


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own: torch.Tensor, start: int, total: int) -> torch.Tensor:
        ctx.rows = slice(start, start + len(own))
        whole = own.new_zeros(total)
        whole[ctx.rows] = own
        distributed.all_reduce(whole)
        return whole

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return outer[ctx.rows] * distributed.get_world_size(), None, None
