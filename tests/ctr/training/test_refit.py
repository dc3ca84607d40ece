"""A refit on train and valid follows the training that valid chose."""

from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from killed_trainings import KillAt, Killed, require_equal
from worlds import click_log, ctr_params, random_table

from mmctr.ctr.member_weights import split_members
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.refit import (
    final_weights,
    refit,
    selected_weights,
    with_selected,
)
from mmctr.ctr.training.seeds import train_seeds
from mmctr.data.log_facts import LogFacts

TRAINING = {
    "monitor": "logloss",
    "batch_size": 32,
    "learning_rate": 0.05,
    "max_epochs": 6,
    "validations_per_epoch": 2,
    "patience": 3,
    "lr_factor": 0.3,
}


def world(*, shown: bool = False):
    rng = np.random.default_rng(5)
    table = random_table(rng)
    train, valid = (click_log(rng, rows) for rows in (320, 200))
    if shown:
        facts = LogFacts(kind="impressions")
        train, valid = (replace(x, facts=facts) for x in (train, valid))
    return table, train, valid, np.arange(len(valid)) // 4


def equal(one, other) -> bool:
    return one.keys() == other.keys() and all(
        tensor.numpy().tobytes() == other[name].numpy().tobytes()
        for name, tensor in one.items()
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"seeds": 2},
        {"weight_average": 0.5},
        {"schedule": "cosine", "warmup_steps": 7},
    ],
)
def test_over_the_same_rows_it_ends_at_the_same_weights(changes):
    given = table, train, valid, groups = world(shown=True)
    params = ctr_params(training=TRAINING | changes, seed=4)
    trained = train_seeds(*given, params)
    firsts = trained.history.get("seeds", [trained.history])
    assert all(0 < x["best_step"] < x["steps"] for x in firsts)
    found = refit(table, train, valid, groups, params, trained)
    assert equal(found.weights, trained.weights)
    assert found.history["refit"] == {
        "rows": len(train),
        "steps": [each["best_step"] for each in firsts],
    }


def test_more_rows_make_as_many_passes_of_other_weights():
    given = table, train, valid, groups = world()
    params = ctr_params(training=TRAINING, seed=4)
    trained = train_seeds(*given, params)
    twice = click_log(np.random.default_rng(6), 640)
    found = refit(table, twice, valid, groups, params, trained)
    assert found.history["refit"]["steps"] == [2 * trained.history["best_step"]]
    assert not equal(found.weights, trained.weights)


def test_where_the_click_rate_is_the_model_it_stays():
    table, train, valid, groups = world(shown=True)
    turned = replace(valid, label=1 - valid.label)
    params = ctr_params(training=TRAINING, seed=4)
    trained = train_seeds(table, train, turned, groups, params)
    assert trained.history["best_step"] == 0
    found = refit(table, train, turned, groups, params, trained)
    assert found.weights.keys() == trained.weights.keys()
    assert found.history["refit"]["steps"] == [0]


def test_an_interrupted_refit_resumes(tmp_path):
    given = table, train, valid, groups = world()
    params = ctr_params(training=TRAINING, seed=4)
    trained = train_seeds(*given, params)
    whole = refit(table, train, valid, groups, params, trained)
    follow = [
        x["logloss"]
        for x in trained.history["validations"]
        if x["step"] <= trained.history["best_step"]
    ]
    every = params.checkpoint.model_copy(update={"every_steps": 4})
    params = params.model_copy(update={"checkpoint": every})
    killed = {"callbacks": [KillAt(13)], "checkpoints": tmp_path}
    with pytest.raises(Killed):
        train_ctr_model(*given, params, follow=follow, **killed)
    again = refit(table, train, valid, groups, params, trained, tmp_path)
    require_equal(again, whole)


def test_both_weights_are_told_apart():
    given = world()
    params = ctr_params(training=TRAINING | {"seeds": 2, "max_epochs": 1})
    first = train_seeds(*given, params).weights
    own = {name: tensor + 1 for name, tensor in first.items()}
    fitted = {"calibration.platt.weights": torch.ones(2)}
    both = with_selected(own, first | fitted)
    assert equal(selected_weights(both), first | fitted)
    assert equal(final_weights(both), own | fitted)
    assert equal(selected_weights(first), first)
    assert len(split_members(final_weights(own))) == 2
    # A file holds no tensor twice, as it would be where the start stays.
    assert safetensors.torch.save(both)
    assert safetensors.torch.save(with_selected(first, first | fitted))


def test_what_goes_on_is_not_refitted():
    training = TRAINING | {"refit": "train_and_valid"}
    stated = ctr_params(training=training).model_dump() | {"start_from": "a_bundle"}
    with pytest.raises(ValueError, match="refit=train_and_valid trains from scratch"):
        CtrParams.model_validate(stated)
