"""Learning rates by step, weight decay, label smoothing, rates of embeddings."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from worlds import ROW_LEVELS, click_log, ctr_params, random_table

from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import TrainingParams
from mmctr.ctr.training.fit import TrainedModel, train_ctr_model
from mmctr.ctr.training.optimizer import clip_gradients, make_optimizer, rate_factor

TRAINING = {"batch_size": 64, "learning_rate": 0.01, "max_epochs": 2, "patience": 9}


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    return random_table(rng), click_log(rng, 640), click_log(rng, 120)


def train(world, *callbacks: pl.Callback, **training: object) -> TrainedModel:
    table, log, valid = world
    params = ctr_params(training={**TRAINING, **training})
    groups = np.arange(len(valid)) // 4
    return train_ctr_model(table, log, valid, groups, params, callbacks=callbacks)


def test_a_cosine_falls_from_the_rate_to_the_lowest():
    params = TrainingParams(
        schedule="cosine", warmup_steps=10, learning_rate=0.1, min_learning_rate=0.01
    )
    factors = [rate_factor(step, 110, params) for step in range(110)]
    assert factors[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert factors[10] == 1.0
    assert factors[60] == pytest.approx(0.55)
    assert (np.diff(factors[10:]) < 0).all()
    assert rate_factor(110, 110, params) == rate_factor(500, 110, params)
    assert rate_factor(110, 110, params) == pytest.approx(0.1)


def test_the_plateau_has_a_warm_up_and_no_other_factor():
    params = TrainingParams(warmup_steps=4)
    factors = [rate_factor(step, 0, params) for step in range(6)]
    assert factors == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_the_rates_of_a_training_are_those_of_its_steps(world):
    """A validation notes the rate of the step before it."""
    course = train(world, schedule="cosine").history["validations"]
    params = TrainingParams(**TRAINING, schedule="cosine")
    expected = [0.01 * rate_factor(step, 20, params) for step in (9, 19)]
    assert [x["learning_rate"] for x in course] == pytest.approx(expected)


def test_a_warm_up_of_tiny_rates_trains_little(world):
    start = train(world, learning_rate=1e-12).weights
    warm = train(world, warmup_steps=10**9).weights
    name = "head.layers.0.weight"
    torch.testing.assert_close(warm[name], start[name], rtol=0, atol=1e-6)


def test_groups_have_their_own_rate_and_decay():
    params = ctr_params(
        features={"content": "codes"},
        training={"weight_decay": 3.0, "embedding_learning_rate": 0.5},
    )
    table = random_table(np.random.default_rng(0))
    seen = np.ones(table.n_items + 1, bool)
    model = Din(table, seen, params, row_fields=ROW_LEVELS)
    name_of = {id(weight): name for name, weight in model.named_parameters()}
    groups = make_optimizer(model, params.training).param_groups
    rates = [(group["lr"], group["weight_decay"]) for group in groups]
    assert rates == [(1e-3, 3.0), (1e-3, 0.0), (0.5, 0.0)]
    names = [[name_of[id(x)] for x in group["params"]] for group in groups]
    assert sorted(sum(names, [])) == sorted(name_of.values())
    assert all(name.endswith("weight") for name in names[0])
    assert "head.layers.0.weight" in names[0]
    assert {"head.layers.0.bias", "head.layers.1.weight", "head.layers.1.bias"} <= set(
        names[1]
    )
    assert "items.features.item_id.table.weight" in names[2]
    assert "row_fields.table.weight" in names[2]


def test_weight_decay_shrinks_the_matrices(world):
    plain, decayed = (train(world, weight_decay=x).weights for x in (0.0, 30.0))
    name = "attention.mlp.0.weight"
    name = name if name in plain else "head.layers.0.weight"
    assert decayed[name].norm() < 0.5 * plain[name].norm()


def test_embeddings_may_learn_alone(world):
    start = train(world, learning_rate=1e-12).weights
    found = train(world, learning_rate=1e-12, embedding_learning_rate=0.01).weights
    table = "items.features.item_id.table.weight"
    assert (found[table] - start[table]).abs().max() > 0.01
    torch.testing.assert_close(
        found["head.layers.0.weight"], start["head.layers.0.weight"], rtol=0, atol=1e-6
    )


class Losses(pl.Callback):
    """The loss of every step."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def on_train_batch_end(self, trainer, module, outputs, *_: object) -> None:
        self.values.append(float(outputs["loss"]))


@pytest.mark.system
def test_smoothed_labels_keep_the_loss_above_their_entropy(world):
    """In train alone: logloss on valid is of the labels themselves."""
    losses = Losses()
    settings = {"max_epochs": 30, "patience": 30, "learning_rate": 0.05}
    found = train(world, losses, label_smoothing=0.4, **settings)
    entropy = -(0.2 * np.log(0.2) + 0.8 * np.log(0.8))
    assert min(losses.values) > entropy - 1e-3
    plain = Losses()
    train(world, plain, **settings)
    assert min(plain.values) < entropy
    assert found.history["validations"][0]["logloss"] > 0


@pytest.mark.parametrize("factor", [1e-3, 1.0, torch.nan])
def test_the_clip_is_that_of_torch(factor):
    ours, theirs = nn.Linear(5, 4), nn.Linear(5, 4)
    gradients = [torch.randn_like(weight) * factor for weight in ours.parameters()]
    for model in (ours, theirs):
        for weight, gradient in zip(model.parameters(), gradients, strict=True):
            weight.grad = gradient.clone()
    norm = clip_gradients(ours, 1.0)
    expected = torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
    torch.testing.assert_close(norm, expected, rtol=0, atol=0, equal_nan=True)
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad, rtol=0, atol=0, equal_nan=True)
