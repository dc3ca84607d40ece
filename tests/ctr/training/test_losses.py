"""Losses of ranking: against double loops, in chunks, weighted, in single precision."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import click_log, ctr_params, whole_batch

from mmctr.ctr.params import TrainingParams
from mmctr.ctr.training.losses import (
    POSITIVES_AT_ONCE,
    listwise_loss,
    pairwise_loss,
    training_loss,
)

ROW = st.tuples(
    st.floats(-30, 30, width=32),
    st.booleans(),
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    st.integers(0, 3),
)


def columns_of(rows):
    """Logits, labels, weights ``[B]`` float32 and groups int64."""
    logits, labels, weights, groups = zip(*rows, strict=True)
    # Group numbers are below the number of rows.
    groups = np.unique(groups, return_inverse=True)[1]
    values = (torch.tensor(x, dtype=torch.float32) for x in (logits, labels, weights))
    return (*values, torch.from_numpy(groups))


def with_gradient(loss, logits, *others):
    logits = logits.clone().requires_grad_()
    value = loss(logits, *others)
    value.backward()
    return value.detach().double(), logits.grad.double()


def naive_pairs(logits, label, weight, group):
    """The mean over pairs, one after the other."""
    total, pairs = logits.sum() * 0, 0.0
    for i in range(len(logits)):
        for j in range(len(logits)):
            if label[i] > label[j] and group[i] == group[j]:
                both = float(weight[i] * weight[j])
                gap = logits[j] - logits[i]
                total = total + both * torch.logaddexp(gap, torch.zeros_like(gap))
                pairs += both
    return total / pairs if pairs else total


def naive_lists(logits, label, weight, group):
    """The mean over positives of -log of their share in the group."""
    total, count = logits.sum() * 0, 0.0
    for each in set(group.tolist()):
        rows = [row for row in range(len(logits)) if group[row] == each]
        if not any(label[row] == 0 and weight[row] > 0 for row in rows):
            continue
        heavy = [row for row in rows if weight[row] > 0]
        shares = torch.stack([logits[row] + math.log(weight[row]) for row in heavy])
        for row in heavy:
            if label[row] == 1:
                loss = torch.logsumexp(shares, 0) - logits[row]
                total = total + weight[row] * loss
                count += float(weight[row])
    return total / count if count else total


@pytest.mark.parametrize(
    ("loss", "naive"),
    [(pairwise_loss, naive_pairs), (listwise_loss, naive_lists)],
    ids=["pairwise", "listwise"],
)
@given(rows=st.lists(ROW, min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_values_and_gradients_are_those_of_a_double_loop(loss, naive, rows):
    logits, *others = columns_of(rows)
    value, gradient = with_gradient(loss, logits, *others)
    expected, slope = with_gradient(naive, logits.double(), *others)
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient, slope, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("groups", [1, 40])
def test_chunks_of_positives_add_up(groups):
    """More positives than are in memory at once."""
    rng = np.random.default_rng(0)
    count = 6 * POSITIVES_AT_ONCE
    logits = torch.from_numpy(rng.normal(size=count).astype(np.float32))
    label = torch.from_numpy((rng.random(count) < 0.5).astype(np.float32))
    weight = torch.from_numpy(rng.uniform(0.1, 3, count).astype(np.float32))
    group = torch.from_numpy(rng.integers(0, groups, count))
    value, gradient = with_gradient(pairwise_loss, logits, label, weight, group)

    def at_once(logits):
        gaps = logits[None] - logits[:, None]
        pairs = label[:, None] * weight[:, None] * weight * (1 - label)
        pairs = pairs * (group[:, None] == group)
        return (torch.nn.functional.softplus(gaps) * pairs).sum() / pairs.sum()

    expected, slope = with_gradient(at_once, logits.double())
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(gradient, slope, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("loss", ["bce+pairwise", "bce+listwise"])
@pytest.mark.parametrize("pairs", ["batch", "group"])
def test_a_ranking_part_is_mixed_with_the_cross_entropy(loss, pairs):
    batch = whole_batch(click_log(np.random.default_rng(1), 60))
    logits = torch.randn(60, generator=torch.Generator().manual_seed(0))
    plain = training_loss(logits, batch, TrainingParams())
    ones = torch.ones(60)
    group = torch.arange(60) // 4 if "listwise" in loss or pairs == "group" else ones
    ranking = listwise_loss if "listwise" in loss else pairwise_loss
    part = ranking(logits, batch.label, ones, group.long())
    params = TrainingParams(loss=loss, pairs=pairs, loss_weight=0.3)
    found = training_loss(logits, batch, params)
    torch.testing.assert_close(found, 0.7 * plain + 0.3 * part)


@pytest.mark.parametrize("loss", ["bce", "bce+pairwise", "bce+listwise"])
def test_logits_in_half_precision_have_a_loss_in_single(loss):
    batch = whole_batch(click_log(np.random.default_rng(2), 60))
    logits = 5 * torch.randn(60, generator=torch.Generator().manual_seed(0))
    logits = logits.bfloat16().requires_grad_()
    params = TrainingParams(loss=loss)
    with torch.autocast("cpu", torch.bfloat16):
        found = training_loss(logits, batch, params)
    found.backward()
    expected = training_loss(logits.float(), batch, params)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert logits.grad.dtype == torch.bfloat16
    assert torch.isfinite(logits.grad).all()


def test_a_draw_of_the_negatives_moves_the_cross_entropy_alone():
    batch = whole_batch(click_log(np.random.default_rng(3), 60))
    logits = torch.randn(60, generator=torch.Generator().manual_seed(0))
    params = TrainingParams(loss="bce+pairwise", loss_weight=0.5)
    moves = [
        training_loss(logits, batch, each, 0.1) - training_loss(logits, batch, each)
        for each in (TrainingParams(), params)
    ]
    torch.testing.assert_close(moves[0] * 0.5, moves[1])


def test_small_settings_are_refused():
    for wrong in ({"loss_weight": 0.0}, {"loss_weight": 1.0}, {"network_l2": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ctr_params(training=wrong)
