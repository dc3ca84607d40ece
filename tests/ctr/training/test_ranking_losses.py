"""Trainings with a loss of ranking: their batches, and what they learn."""

from dataclasses import replace

import numpy as np
import pytest
import pytorch_lightning as pl
from worlds import click_log, ctr_params, random_table

from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.evaluation import auc, gauc, logloss

TRAINING = {"batch_size": 64, "learning_rate": 0.01, "max_epochs": 4, "patience": 9}


class Groups(pl.Callback):
    """Rows of each group in every batch."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.rows: list[int] = []

    def on_train_batch_end(self, trainer, module, outputs, batch, *_: object) -> None:
        self.sizes += np.bincount(batch.group.numpy()).tolist()
        self.rows.append(len(batch.label))


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    return random_table(rng), click_log(rng, 1500), click_log(rng, 300)


def train(world, *callbacks: pl.Callback, **training: object):
    table, log, valid = world
    params = ctr_params(training={**TRAINING, **training})
    weights = train_ctr_model(
        table, log, valid, valid.groups, params, callbacks=callbacks
    ).weights
    return predict_clicks(table, weights, valid, params)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "bce+listwise"},
        {"loss": "bce+pairwise", "pairs": "group"},
        {"batch_by": "group"},
    ],
    ids=["listwise", "pairs", "batches"],
)
def test_groups_are_whole_where_they_have_to_be(world, options):
    seen = Groups()
    train(world, seen, **options, max_epochs=2, validations_per_epoch=2)
    assert set(seen.sizes) == {4}
    assert sum(seen.sizes) == sum(seen.rows) == 2 * 1500
    assert min(seen.rows) >= 60
    assert max(seen.rows) <= 64


def test_pairs_of_a_batch_leave_rows_shuffled(world):
    seen = Groups()
    train(world, seen, loss="bce+pairwise", max_epochs=1)
    assert set(seen.sizes) != {4}


@pytest.mark.parametrize("loss", ["bce+pairwise", "bce+listwise"])
def test_they_order_rows_and_probabilities_still_are_some(world, loss):
    _, _, valid = world
    scores = train(world, loss=loss)
    assert auc(valid.label, scores) > 0.8
    assert gauc(valid.label, scores, valid.groups) > 0.8
    rate = np.full(len(scores), valid.label.mean())
    assert logloss(valid.label, scores) < logloss(valid.label, rate)


def test_rows_without_groups_are_refused(world):
    table, log, valid = world
    without = replace(log, groups=np.zeros(0, np.int64))
    params = ctr_params(training={**TRAINING, "loss": "bce+listwise"})
    with pytest.raises(ValueError, match="'group_id' is missing"):
        train_ctr_model(table, without, valid, valid.groups, params)
