"""Several trainings are one model: the mean of their logits."""

import logging

import numpy as np
import pytest
from killed_trainings import KillAt, Killed, require_equal
from worlds import N_ITEMS, click_log, ctr_params, random_table, with_vectors

from mmctr.ctr.inputs.vocabulary import within_vocabulary
from mmctr.ctr.member_weights import split_members
from mmctr.ctr.prediction import ClickPredictor, predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.seeds import train_seeds

SEED = 3


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(2)
    table = with_vectors(rng, random_table(rng))
    valid = click_log(rng, 120)
    return table, click_log(rng, 256), valid, np.arange(len(valid)) // 4


def params_of(seeds: int, seed: int = SEED):
    return ctr_params(
        features={"content": "codes+continuous+similarity", "item_id": True},
        model={"item_id_dropout": 0.2, "continuous": {"components": 0}},
        training={
            "seeds": seeds,
            "batch_size": 32,
            "learning_rate": 0.05,
            "max_epochs": 3,
        },
        seed=seed,
    )


@pytest.fixture(scope="module")
def singles(world):
    return [train_ctr_model(*world, params_of(1, SEED + number)) for number in range(2)]


@pytest.fixture(scope="module")
def both(world):
    return train_seeds(*world, params_of(2))


def logits(probabilities: np.ndarray) -> np.ndarray:
    return np.log(probabilities) - np.log1p(-probabilities)


def test_a_single_training_is_what_it_is_without_seeds(world, singles):
    require_equal(train_seeds(*world, params_of(1)), singles[0])


def test_the_models_are_trainings_of_successive_seeds(both, singles):
    for found, single in zip(split_members(both.weights), singles, strict=True):
        assert found.keys() == single.weights.keys()
        assert all(
            x.numpy().tobytes() == single.weights[name].numpy().tobytes()
            for name, x in found.items()
        )
    reached = both.history["seeds"]
    assert [each["seed"] for each in reached] == [SEED, SEED + 1]
    for found, single in zip(reached, singles, strict=True):
        assert found["validations"] == single.history["validations"]
        assert found["auc"] == max(x["auc"] for x in single.history["validations"])


def test_the_mean_of_their_logits_is_predicted(world, both, singles):
    table, _, valid, _ = world
    params = params_of(2)
    found = predict_clicks(table, both.weights, valid, params)
    of_singles = [
        predict_clicks(table, each.weights, valid, params) for each in singles
    ]
    assert not np.allclose(*of_singles, atol=0.01)
    mean = np.mean([logits(each) for each in of_singles], axis=0)
    # Probabilities are rounded to single precision, near 1 to few digits of a logit.
    clear = np.abs(np.array(of_singles) - 0.5).max(axis=0) < 0.499
    assert clear.mean() > 0.5
    assert np.allclose(logits(found)[clear], mean[clear], atol=2e-4)


def test_what_the_models_look_up_is_held_once(world, both):
    predictor = ClickPredictor(world[0], both.weights, params_of(2))
    first, second = (
        dict(member.named_buffers(remove_duplicate=False))
        for member in predictor.members
    )
    shared = [name for name in first if first[name] is second[name]]
    assert {x for x in first if "title" in x and x.endswith(("inputs", "unit"))} <= set(
        shared
    )
    # Weights are their own.
    own = [{x.data_ptr() for x in member.parameters()} for member in predictor.members]
    assert not own[0] & own[1]


def test_items_that_training_lacked_are_unknown_to_all_models(world, both, caplog):
    table, _, valid, _ = world
    rng = np.random.default_rng(2)
    more = with_vectors(rng, random_table(rng))
    object.__setattr__(more, "n_items", more.n_items + 1)
    places = np.append(np.arange(more.n_items), more.n_items - 1)
    object.__setattr__(more, "fields", more.fields.take(places))
    for columns in (more.codes, more.vectors):
        for name, own in columns.items():
            columns[name] = np.concatenate([own, own[-1:]])
    params = params_of(2).model_copy(update={"unknown_values": "pad"})
    with caplog.at_level(logging.WARNING):
        fitted, weights = within_vocabulary(more, both.weights, params)
    assert len([x for x in caplog.records if "item_id" in x.message]) == 1
    found = predict_clicks(fitted, weights, valid, params)
    assert fitted.n_items == N_ITEMS + 1
    assert np.array_equal(found, predict_clicks(table, both.weights, valid, params))


def test_an_interrupted_run_resumes_at_the_training_it_was_in(
    world, both, tmp_path, caplog
):
    params = params_of(2)
    every = params.checkpoint.model_copy(update={"every_steps": 4})
    params = params.model_copy(update={"checkpoint": every})
    first = params_of(1)
    train_ctr_model(*world, first, checkpoints=tmp_path)
    second = params.model_copy(update={"seed": SEED + 1})
    with pytest.raises(Killed):
        train_ctr_model(*world, second, callbacks=[KillAt(13)], checkpoints=tmp_path)
    with caplog.at_level(logging.INFO):
        require_equal(train_seeds(*world, params, checkpoints=tmp_path), both)
    said = caplog.text
    assert said.index("already finished") < said.index("resumes at step 12")
