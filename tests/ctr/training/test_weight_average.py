"""The average of the weights is validated and kept; training does not see it."""

from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from worlds import click_log, ctr_params, random_table

from mmctr.ctr.models.din.model import Din
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import TrainedModel, train_ctr_model
from mmctr.ctr.training.weight_average import (
    NormBatches,
    WeightAverage,
    measure_norms,
    norms_of,
)
from mmctr.evaluation import auc

TRAINING = {
    "batch_size": 64,
    "learning_rate": 0.02,
    "max_epochs": 3,
    "validations_per_epoch": 1,
    "patience": 9,
}
MODEL = {"attention_dropout": 0.1, "dnn_dropout": 0.1, "item_id_dropout": 0.1}


class Weights(pl.Callback):
    """The trained weights after every step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, torch.Tensor]] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: object) -> None:
        found = pl_module.model.named_parameters()
        self.steps.append({name: x.detach().clone() for name, x in found})


class FailInValidation(pl.Callback):
    """Raises while the average is in the model."""

    def __init__(self) -> None:
        self.module: Any = None

    def on_validation_batch_end(self, trainer: Any, module: Any, *_: object) -> None:
        self.module = module
        raise RuntimeError("in validation")


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    return random_table(rng), click_log(rng, 640), click_log(rng, 120)


def train(world, average: float, *callbacks: pl.Callback, **training) -> TrainedModel:
    table, log, valid = world
    settings = {**TRAINING, "weight_average": average, **training}
    params = ctr_params(training=settings, model=MODEL)
    groups = np.arange(len(valid)) // 4
    return train_ctr_model(table, log, valid, groups, params, callbacks=callbacks)


def test_the_kept_weights_are_the_average(world):
    """Its decay is (1 + s) / (10 + s) in step s, up to the parameter."""
    seen = Weights()
    trained = train(world, 0.5, seen, max_epochs=1)
    start = Weights()
    train(world, 0.0, start, max_epochs=1, learning_rate=1e-30)
    average = {name: x.double() for name, x in start.steps[0].items()}
    for step, weights in enumerate(seen.steps, start=1):
        decay = min(0.5, (1 + step) / (10 + step))
        for name, x in weights.items():
            average[name] = decay * average[name] + (1 - decay) * x
    assert len(seen.steps) == 10
    for name, x in average.items():
        torch.testing.assert_close(
            trained.weights[name].double(), x, rtol=1e-4, atol=1e-6
        )


def test_training_goes_on_from_the_trained_weights(world):
    """Step for step the weights are those of a training without an average."""
    plain, averaged = Weights(), Weights()
    train(world, 0.0, plain)
    train(world, 0.9, averaged)
    assert len(plain.steps) == len(averaged.steps) == 30
    for one, other in zip(plain.steps, averaged.steps, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_validated_is_what_predicts(world):
    trained = train(world, 0.9)
    table, _, valid = world
    scores = predict_clicks(
        table, trained.weights, valid, ctr_params(training=TRAINING, model=MODEL)
    )
    assert auc(valid.label, scores) == trained.history["best"]


def test_an_error_in_a_validation_leaves_the_trained_weights(world):
    seen, failing = Weights(), FailInValidation()
    with pytest.raises(RuntimeError, match="in validation"):
        train(world, 0.9, seen, failing)
    for name, weight in failing.module.model.named_parameters():
        assert torch.equal(weight, seen.steps[-1][name]), name


def test_batch_normalisation_is_that_of_the_batches():
    """Means over batches, without dropout; modes and momentum stay as they were."""
    norm = nn.BatchNorm1d(3, momentum=0.1)
    model = nn.Sequential(nn.Dropout(0.9), norm).eval()
    batches = [torch.randn(8, 3) * 2 + number for number in range(5)]
    model(batches[0] + 100)
    measure_norms(model, batches)
    means = torch.stack([batch.mean(dim=0) for batch in batches]).mean(dim=0)
    spread = torch.stack([batch.var(dim=0) for batch in batches]).mean(dim=0)
    torch.testing.assert_close(norm.running_mean, means)
    torch.testing.assert_close(norm.running_var, spread)
    assert not norm.training
    assert norm.momentum == 0.1


def test_the_normalisations_of_a_model_are_measured(world):
    """Whatever a model does with them when rows are scored."""
    table, log, _ = world
    seen = np.ones(table.n_items + 1, bool)
    model = Din(table, seen, ctr_params(model={"batch_norm": True})).eval()
    measure_norms(model, NormBatches(log, 64, seed=1))
    for norm in norms_of(model):
        assert (norm.running_mean != 0).any()
        assert (norm.running_var != 1).all()


def test_batches_are_drawn_from_all_rows_and_the_same_each_time(world):
    log = world[1]
    batches = NormBatches(log, 7, seed=1)
    targets = [batch.target.tolist() for batch in batches]
    assert [batch.target.tolist() for batch in batches] == targets
    assert len(targets) == 60
    assert {len(each) for each in targets} == {7}
    assert [x.target.tolist() for x in NormBatches(log, 7, seed=2)] != targets
    (whole,) = NormBatches(log, 1000, seed=1)
    assert sorted(whole.target.tolist()) == sorted(log.target.tolist())


def test_restoring_without_an_average_in_the_model_changes_nothing():
    model = nn.Linear(2, 2)
    average = WeightAverage(model, 0.9)
    before = model.weight.detach().clone()
    average.restore()
    assert torch.equal(model.weight, before)
