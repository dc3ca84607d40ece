"""Rows that count more or less, and rows that are a draw of all negatives."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional
from worlds import N_ITEMS, click_log, ctr_params, random_table, rows_table, whole_batch

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.lightning_module import CtrLightningModule, ValidationRows
from mmctr.data.log_facts import LogFacts
from mmctr.evaluation.params import EvaluationParams

SEEN = np.ones(N_ITEMS + 1, bool)


def task_of(params, negative_keep=1.0):
    table = random_table(np.random.default_rng(1))
    rows = ValidationRows(np.zeros(2), np.zeros(2, int))
    return CtrLightningModule(
        Din(table, SEEN, params), rows, params, negative_keep=negative_keep
    )


def gradients(task):
    return torch.cat([each.grad.flatten() for each in task.parameters()])


def test_the_loss_is_the_mean_of_weight_times_cross_entropy():
    rng = np.random.default_rng(2)
    log, task = click_log(rng, 50), task_of(ctr_params(model={"batch_norm": False}))
    weight = rng.uniform(0.1, 3, 50).astype(np.float32)
    task.training_step(whole_batch(replace(log, weight=weight)), 0).backward()
    found = gradients(task)

    task.zero_grad()
    batch = whole_batch(log)
    losses = functional.binary_cross_entropy_with_logits(
        task.model(batch), batch.label, reduction="none"
    )
    (losses * torch.from_numpy(weight)).mean().backward()
    torch.testing.assert_close(found, gradients(task))


def test_weights_of_one_change_nothing():
    log, task = click_log(np.random.default_rng(3), 40), task_of(ctr_params())
    ones = replace(log, weight=np.ones(40, np.float32))
    losses = [task.training_step(whole_batch(each), 0) for each in (log, ones)]
    assert losses[0] == losses[1]


def test_weights_are_read_from_the_rows():
    rng = np.random.default_rng(4)
    rows = rows_table(rng, 6)
    assert len(ClickLog.from_arrow(rows, 9, N_ITEMS).weight) == 0
    weight = np.arange(6, dtype=np.float32)
    log = ClickLog.from_arrow(rows.append_column("weight", [weight]), 9, N_ITEMS)
    assert log[np.array([4, 1])].weight.tolist() == [4.0, 1.0]


def test_a_row_of_weight_two_counts_as_two_rows():
    rng = np.random.default_rng(5)
    log, task = click_log(rng, 30), task_of(ctr_params(model={"batch_norm": False}))
    twice = log[np.concatenate([np.arange(30), np.arange(10)])]
    weight = np.where(np.arange(30) < 10, 2, 1).astype(np.float32)
    weighted = whole_batch(replace(log, weight=weight))
    expected = task.training_step(twice, 0) * 40
    torch.testing.assert_close(task.training_step(weighted, 0) * 30, expected)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_loss_of_kept_negatives_is_that_of_corrected_probabilities(share):
    """Where the model says p, a kept row is a click with p / (p + (1 - p) share)."""
    log, task = click_log(np.random.default_rng(6), 50), task_of(ctr_params(), share)
    batch = whole_batch(log)
    task.train()
    p = torch.sigmoid(task.model(batch).double())
    among_kept = p / (p + (1 - p) * share)
    expected = functional.binary_cross_entropy(among_kept, batch.label.double())
    found = task.training_step(batch, 0)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


def test_probabilities_are_those_of_all_rows_when_a_tenth_of_the_negatives_is_kept():
    rng = np.random.default_rng(7)
    table = random_table(rng)
    everything, valid = (rows_table(rng, n) for n in (9000, 3000))
    label = everything["label"].to_numpy()
    kept = everything.filter((label == 1) | (rng.random(9000) < 0.1))
    settings = {"batch_size": 128, "learning_rate": 0.01, "max_epochs": 2}
    params = ctr_params(training={**settings, "monitor": "logloss"})
    rate = valid["label"].to_numpy().mean()
    means = {}
    for share in (0.1, 1.0):
        train, checked = (
            ClickLog.from_arrow(part, 9, N_ITEMS, facts=LogFacts(negative_keep=share))
            for part in (kept, valid)
        )
        groups = np.arange(len(checked)) // 4
        weights = train_ctr_model(table, train, checked, groups, params).weights
        means[share] = predict_clicks(table, weights, checked, params).mean()
    assert means[0.1] == pytest.approx(rate, abs=0.05)
    # Without the correction they are far off.
    assert means[1.0] > rate + 0.15


def test_weighted_measures_without_weights_are_refused_before_the_training():
    log = click_log(np.random.default_rng(8), 40)
    table = random_table(np.random.default_rng(1))
    weighted = EvaluationParams(weighted=True, seed=1)
    params = ctr_params().model_copy(update={"evaluation": weighted})
    with pytest.raises(ValueError, match="preparation.weight_column"):
        train_ctr_model(table, log, log, np.arange(40) // 4, params)


@pytest.mark.parametrize("kind", ["impressions", "clicks"])
def test_of_impressions_a_model_starts_at_the_click_rate(kind):
    """Of all rows, where train has a draw of the negatives."""
    rng = np.random.default_rng(8)
    table, rows = random_table(rng), rows_table(rng, 400)
    facts = LogFacts(kind=kind, negative_keep=0.1)
    log = ClickLog.from_arrow(rows, 9, N_ITEMS, facts=facts)
    # Steps so small that nothing is learned.
    training = {"batch_size": 200, "learning_rate": 1e-9, "max_epochs": 1}
    params = ctr_params(training={**training, "monitor": "logloss"})
    groups = np.arange(len(log)) // 4
    weights = train_ctr_model(table, log, log, groups, params).weights
    scores = predict_clicks(table, weights, log, params)
    clicks = log.label.sum()
    rate = clicks / (clicks + (len(log) - clicks) / 0.1)
    assert log.click_rate == pytest.approx(rate)
    assert np.allclose(scores, rate, atol=1e-6) == (kind == "impressions")
