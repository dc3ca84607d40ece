"""What a training makes small: cross-entropy, alone or beside a loss of ranking."""

import math
from typing import Any, Protocol

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.params import TrainingParams

POSITIVES_AT_ONCE = 64
"""Positives whose pairs are in memory together; at 4,096 rows that is a megabyte."""


class Labels(Protocol):
    """What a loss needs of a batch's rows; see :class:`Batch`."""

    label: torch.Tensor
    weight: torch.Tensor
    group: torch.Tensor


def training_loss(
    logits: torch.Tensor,
    batch: Batch | Labels,
    params: TrainingParams,
    negative_keep: float = 1.0,
) -> torch.Tensor:
    """Compute the loss of a batch, in single precision at least.

    Args:
        logits: ``[B]``, those of all rows, not of the kept ones alone.
        batch: Labels, weights and groups.
        params: The loss, its share and its pairs.
        negative_keep: Share of the negatives that the rows are a draw of.

    Returns:
        The scalar (1 - loss_weight) x cross-entropy + loss_weight x ranking; or the
        cross-entropy alone.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    entropy = cross_entropy(logits, batch, params.label_smoothing, negative_keep)
    if params.loss == "bce":
        return entropy
    weight = batch.weight if len(batch.weight) else torch.ones_like(logits)
    if params.loss == "bce+listwise":
        ranking = listwise_loss(logits, batch.label, weight, batch.group)
    elif params.pairs == "group":
        ranking = pairwise_loss(logits, batch.label, weight, batch.group)
    else:
        everyone = torch.zeros_like(logits, dtype=torch.long)
        ranking = pairwise_loss(logits, batch.label, weight, everyone)
    return (1 - params.loss_weight) * entropy + params.loss_weight * ranking


def cross_entropy(
    logits: torch.Tensor, batch: Batch | Labels, smoothing: float, negative_keep: float
) -> torch.Tensor:
    """Mean over the rows of weight x cross-entropy.

    Args:
        logits: ``[B]``.
        batch: Labels and weights.
        smoothing: Share by which labels move towards 0.5.
        negative_keep: Share of the negatives that the rows are a draw of.
    """
    label = batch.label
    if smoothing > 0:
        label = label * (1 - smoothing) + smoothing / 2
    if negative_keep < 1:
        # Among the kept rows the odds are higher; the model's own are those of all.
        logits = logits - math.log(negative_keep)
    return functional.binary_cross_entropy_with_logits(
        logits, label, weight=batch.weight if len(batch.weight) else None
    )


def listwise_loss(
    logits: torch.Tensor,
    label: torch.Tensor,
    weight: torch.Tensor,
    group: torch.Tensor,
) -> torch.Tensor:
    """Softmax cross-entropy within groups (ListNet's top one; Cao et al., 2007).

    A row of weight w counts as w rows. Groups of one class say nothing and are left
    out; without any other the loss is 0.

    Args:
        logits: ``[B]`` float32.
        label: ``[B]`` of 0 and 1.
        weight: ``[B]`` float32, from 0.
        group: ``[B]`` int64 in 0..B-1.

    Returns:
        The weighted mean over positives of ``-log softmax`` in their group.
    """
    zeros = torch.zeros_like(logits)
    top = zeros.scatter_reduce(
        0, group, logits.detach(), "amax", include_self=False
    ).index_select(0, group)
    shares = weight * torch.exp(logits - top)
    mass = zeros.index_add(0, group, shares).index_select(0, group)
    negatives = zeros.index_add(0, group, weight * (1 - label)).index_select(0, group)
    counted = weight * label * (negatives > 0)
    tiny = torch.finfo(logits.dtype).tiny
    losses = mass.clamp_min(tiny).log() + top - logits
    return (counted * losses).sum() / counted.sum().clamp_min(tiny)


def pairwise_loss(
    logits: torch.Tensor,
    label: torch.Tensor,
    weight: torch.Tensor,
    group: torch.Tensor,
) -> torch.Tensor:
    """Logistic loss of the pairs of a positive and a negative (RankNet, 2005).

    Args:
        logits: ``[B]`` float32.
        label: ``[B]`` of 0 and 1.
        weight: ``[B]`` float32, from 0; a pair weighs the product of its rows'.
        group: ``[B]`` int64; pairs are of one group.

    Returns:
        The weighted mean over pairs of ``softplus(negative - positive)``; 0 without.
    """
    return _PairwiseLoss.apply(logits, label, weight, group)


class _PairwiseLoss(torch.autograd.Function):
    """The loss and its gradient, some positives after the others.

    Backward would otherwise need several values per pair, of millions of pairs.
    """

    @staticmethod
    def forward(
        ctx: Any,
        logits: torch.Tensor,
        label: torch.Tensor,
        weight: torch.Tensor,
        group: torch.Tensor,
    ) -> torch.Tensor:
        """Sum up the pairs' losses, and keep the gradient ``[B]``."""
        order = torch.argsort(group, stable=True)
        clicked = label.index_select(0, order) > 0.5  # noqa: PLR2004
        positives, negatives = order[clicked], order[~clicked]
        chunks = [part for part in positives.split(POSITIVES_AT_ONCE) if len(part)]
        gradient = torch.zeros_like(logits)
        total, pairs = logits.new_zeros(()), logits.new_zeros(())
        ranges = _ranges(chunks, group, negatives)
        for chunk, (start, end) in zip(chunks, ranges, strict=True):
            others = negatives[start:end]
            weights = weight[chunk][:, None] * weight[others]
            weights = weights * (group[chunk][:, None] == group[others])
            gaps = logits[others] - logits[chunk][:, None]
            total += (functional.softplus(gaps) * weights).sum()
            pairs += weights.sum()
            slopes = gaps.sigmoid_().mul_(weights)
            gradient[chunk] -= slopes.sum(1)
            gradient[others] += slopes.sum(0)
        pairs = pairs.clamp_min(torch.finfo(logits.dtype).tiny)
        ctx.save_for_backward(gradient / pairs)
        return total / pairs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradient of the logits."""
        (gradient,) = ctx.saved_tensors
        return outer * gradient, None, None, None


def _ranges(
    chunks: list[torch.Tensor], group: torch.Tensor, negatives: torch.Tensor
) -> list[tuple[int, int]]:
    """Places of the negatives of each chunk's groups; all are sorted by group.

    A GPU is waited for once, here, and where positives are told from negatives.
    """
    if not chunks:
        return []
    groups = group[negatives]
    firsts = group[torch.stack([chunk[0] for chunk in chunks])]
    lasts = group[torch.stack([chunk[-1] for chunk in chunks])]
    starts = torch.searchsorted(groups, firsts)
    ends = torch.searchsorted(groups, lasts, right=True)
    return [(start, end) for start, end in torch.stack([starts, ends], 1).tolist()]
