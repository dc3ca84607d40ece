"""The weights of several trainings that are one model, in one dictionary."""

from collections.abc import Sequence

import torch

Weights = dict[str, torch.Tensor]

_PREFIX = "seeds."


def join_members(members: Sequence[Weights]) -> Weights:
    """Put the weights of several trainings into one dictionary.

    Args:
        members: Weights by name, of models that differ in their seeds.

    Returns:
        Those of a single one as they are; else under names such as
        ``seeds.0.interest.0.weight``.
    """
    if len(members) == 1:
        return members[0]
    return {
        f"{_PREFIX}{number}.{name}": tensor
        for number, own in enumerate(members)
        for name, tensor in own.items()
    }


def split_members(weights: Weights) -> list[Weights]:
    """Undo :func:`join_members`."""
    numbers = {int(name.split(".")[1]) for name in weights if name.startswith(_PREFIX)}
    if not numbers:
        return [weights]
    prefixes = [f"{_PREFIX}{number}." for number in sorted(numbers)]
    return [
        {
            name.removeprefix(prefix): tensor
            for name, tensor in weights.items()
            if name.startswith(prefix)
        }
        for prefix in prefixes
    ]
