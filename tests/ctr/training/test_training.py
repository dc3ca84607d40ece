"""Training through the public functions: it learns, it repeats, it fails clearly."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from worlds import click_log, ctr_params, random_table

from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.evaluation import auc, logloss

TRAINING = {
    "batch_size": 64,
    "learning_rate": 0.01,
    "max_epochs": 4,
    "validations_per_epoch": 2,
}
MODEL = {"attention_dropout": 0.1, "dnn_dropout": 0.1, "item_id_dropout": 0.1}


class RowCounter(pl.Callback):
    """Counts the rows of all steps."""

    count = 0

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.count += len(batch.label)


@pytest.fixture(scope="module")
def world():
    """A table, 1,500 train rows and 300 valid rows whose labels follow the target."""
    rng = np.random.default_rng(0)
    return random_table(rng), click_log(rng, 1500), click_log(rng, 300)


def train(world, params):
    """Train with every row a group of four."""
    table, log, valid = world
    return train_ctr_model(table, log, valid, np.arange(len(valid)) // 4, params)


@pytest.fixture(scope="module")
def trained(world):
    return train(world, ctr_params(training=TRAINING, model=MODEL))


def test_it_learns(world, trained):
    table, _, valid = world
    params = ctr_params(training=TRAINING, model=MODEL)
    scores = predict_clicks(table, trained.weights, valid, params)
    assert scores.dtype == np.float64
    assert ((scores > 0) & (scores < 1)).all()
    assert auc(valid.label, scores) > 0.8


def test_the_best_weights_are_kept(world, trained):
    table, _, valid = world
    params = ctr_params(training=TRAINING, model=MODEL)
    scores = predict_clicks(table, trained.weights, valid, params)
    assert auc(valid.label, scores) == pytest.approx(trained.history["best"], abs=1e-6)
    measured = [x["auc"] for x in trained.history["validations"]]
    assert trained.history["best"] == max(measured)


def test_the_same_seed_gives_the_same_weights(world, trained):
    torch.rand(3)  # whatever was drawn before doesn't matter
    again = train(world, ctr_params(training=TRAINING, model=MODEL))
    assert again.weights.keys() == trained.weights.keys()
    for name, weight in trained.weights.items():
        assert torch.equal(weight, again.weights[name]), name


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 5])
def test_every_row_is_trained_whatever_the_number_of_validations(world, parts):
    table, log, valid = world
    settings = {
        **TRAINING,
        "batch_size": 220,  # seven batches
        "max_epochs": 2,
        "validations_per_epoch": parts,
        "patience": 99,
    }
    rows = RowCounter()
    params = ctr_params(training=settings, model=MODEL)
    groups = np.arange(len(valid)) // 4
    history = train_ctr_model(
        table, log, valid, groups, params, callbacks=[rows]
    ).history
    assert rows.count == 2 * len(log)
    assert len(history["validations"]) == 2 * parts


def test_another_seed_gives_other_weights(world, trained):
    other = train(world, ctr_params(training=TRAINING, model=MODEL, seed=4))
    assert any(
        not torch.equal(weight, other.weights[name])
        for name, weight in trained.weights.items()
    )


def test_the_global_generator_is_not_changed(world):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    train(world, ctr_params(training={**TRAINING, "max_epochs": 1}, model=MODEL))
    assert torch.equal(torch.rand(2), expected)


def test_training_stops_when_the_monitor_does(world):
    params = ctr_params(
        training={**TRAINING, "max_epochs": 50, "patience": 2, "learning_rate": 0.05}
    )
    course = train(world, params).history["validations"]
    assert len(course) < 100
    best = int(np.argmax([x["auc"] for x in course]))
    assert len(course) - 1 - best == 2


def test_the_learning_rate_falls_after_a_validation_without_improvement(world):
    params = ctr_params(training={**TRAINING, "max_epochs": 20, "patience": 4})
    course = train(world, params).history["validations"]
    best = -1.0
    for now, then in zip(course, course[1:], strict=False):
        better = now["auc"] > best
        best = max(best, now["auc"])
        factor = 1.0 if better else 0.1
        expected = max(now["learning_rate"] * factor, 1e-6)
        assert then["learning_rate"] == pytest.approx(expected)


def test_bf16_validates_and_predicts_in_the_same_precision(world):
    """Prediction gives the score that chose the weights."""
    params = ctr_params(training={**TRAINING, "precision": "bf16"}, model=MODEL)
    trained = train(world, params)
    table, _, valid = world
    scores = predict_clicks(table, trained.weights, valid, params)
    assert trained.history["best"] > 0.75
    assert trained.history["best"] == auc(valid.label, scores)
    exact = predict_clicks(
        table, trained.weights, valid, ctr_params(training=TRAINING, model=MODEL)
    )
    assert 1e-6 < np.abs(scores - exact).max() < 0.05


def test_bf16_on_mps_is_refused(world, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    params = ctr_params(training={**TRAINING, "precision": "bf16"})
    params = params.model_copy(update={"device": "mps"})
    with pytest.raises(ValueError, match="precision=bf16 is not supported on MPS"):
        train(world, params)
    with pytest.raises(ValueError, match="precision=bf16 is not supported on MPS"):
        predict_clicks(world[0], {}, world[2], params)


def test_gauc_can_be_the_monitor(world):
    params = ctr_params(training={**TRAINING, "monitor": "gauc", "max_epochs": 1})
    course = train(world, params).history
    assert course["best"] == max(x["gauc"] for x in course["validations"])


def test_the_lowest_logloss_is_the_best(world):
    """It chooses the weights, ends the training and lowers the learning rate."""
    settings = {**TRAINING, "max_epochs": 50, "patience": 2, "learning_rate": 0.05}
    trained = train(world, ctr_params(training={**settings, "monitor": "logloss"}))
    course = trained.history["validations"]
    values = [x["logloss"] for x in course]
    assert trained.history["best"] == min(values)
    assert trained.history["best_step"] == course[int(np.argmin(values))]["step"]
    assert 3 < len(course) < 100
    assert len(course) - 1 - int(np.argmin(values)) == 2
    best = np.inf
    for now, then in zip(course, course[1:], strict=False):
        factor = 1.0 if now["logloss"] < best else 0.1
        best = min(best, now["logloss"])
        expected = max(now["learning_rate"] * factor, 1e-6)
        assert then["learning_rate"] == pytest.approx(expected)
    table, _, valid = world
    scores = predict_clicks(table, trained.weights, valid, ctr_params())
    assert logloss(valid.label, scores) == pytest.approx(min(values), abs=1e-6)


@pytest.mark.parametrize("part", ["train", "valid"])
def test_one_class_is_an_error(world, part):
    table, log, valid = world
    logs = {"train": log, "valid": valid}
    logs[part] = type(log)(**{**vars(logs[part]), "label": np.ones(len(logs[part]))})
    with pytest.raises(ValueError, match=f"{part}: labels must hold both"):
        train_ctr_model(
            table, logs["train"], logs["valid"], np.arange(len(valid)), ctr_params()
        )


def test_divergence_is_an_error(world):
    params = ctr_params(
        training={**TRAINING, "learning_rate": 1e30, "clip_norm": 1e30},
        model={"batch_norm": False},
    )
    with pytest.raises(ValueError, match="learning_rate"):
        train(world, params)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda(world):
    params = ctr_params(training=TRAINING, model=MODEL).model_copy(
        update={"device": "cuda"}
    )
    trained = train(world, params)
    assert trained.history["best"] > 0.8
    assert all(weight.device.type == "cpu" for weight in trained.weights.values())


@pytest.mark.parametrize("progress", [False, True])
def test_progress_bars_are_drawn_if_switched_on(world, capsys, progress):
    params = ctr_params(training={**TRAINING, "max_epochs": 1}, model=MODEL)
    params = params.model_copy(update={"progress": progress})
    weights = train(world, params).weights
    predict_clicks(world[0], weights, world[2], params)
    err = capsys.readouterr().err
    assert ("training: 100%" in err) == progress
    assert ("scoring: 100%" in err) == progress
