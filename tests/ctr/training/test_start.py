"""A model of impressions is never worse on valid than train's click rate alone."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from killed_trainings import KillAt, Killed, require_equal
from worlds import click_log, ctr_params, random_table

from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.advice import settings_advice
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.data.log_facts import LogFacts
from mmctr.evaluation import logloss

SHOWN = LogFacts(kind="impressions")
TRAINING = {
    "monitor": "logloss",
    "batch_size": 32,
    "learning_rate": 0.05,
    "max_epochs": 3,
    "weight_average": 0.5,
}


def world(*, turned: bool):
    """Impressions of items that some click; in valid, if turned, the others do."""
    rng = np.random.default_rng(5)
    table = random_table(rng)
    train, valid = (replace(click_log(rng, x), facts=SHOWN) for x in (320, 200))
    if turned:
        valid = replace(valid, label=1 - valid.label)
    return table, train, valid, np.arange(len(valid)) // 4


@pytest.mark.parametrize("monitor", ["logloss", "auc"])
def test_where_nothing_learned_holds_the_model_is_the_click_rate(monitor, caplog):
    given = world(turned=True)
    table, train, valid, _ = given
    params = ctr_params(training=TRAINING | {"monitor": monitor})
    with caplog.at_level(logging.WARNING):
        trained = train_ctr_model(*given, params)
    found = trained.history
    start = found["validations"][0]
    assert found["best_step"] == start["step"] == 0
    assert start["logloss"] == pytest.approx(
        logloss(valid.label, np.full(len(valid), train.click_rate))
    )
    assert start["auc"] == 0.5
    scores = predict_clicks(table, trained.weights, valid, params)
    assert np.allclose(scores, train.click_rate, atol=1e-6)
    assert f"no step made {monitor} on valid better" in caplog.text


def test_what_tells_clicks_is_learned_all_the_same(tmp_path, caplog):
    given = world(turned=False)
    params = ctr_params(training=TRAINING, seed=4)
    trained = train_ctr_model(*given, params)
    found = trained.history
    assert found["validations"][0]["step"] == 0 < found["best_step"]
    assert found["best"] < found["validations"][0]["logloss"] - 0.1
    assert "no step" not in caplog.text
    # A resumed training knows its start.
    with pytest.raises(Killed):
        train_ctr_model(*given, params, callbacks=[KillAt(15)], checkpoints=tmp_path)
    require_equal(train_ctr_model(*given, params, checkpoints=tmp_path), trained)


def test_settings_that_memorise_few_clicks_are_advised_against():
    shown = world(turned=False)[1]
    plain, decays = (
        ctr_params(training={"weight_decay": x}).training for x in (0.0, 5.0)
    )
    said = settings_advice(shown, plain)
    assert f"{int(shown.label.sum())} clicks in 320 impressions" in said
    assert "conf/impressions.yml" in said
    assert not settings_advice(shown, decays)
    assert not settings_advice(replace(shown, facts=LogFacts(kind="clicks")), plain)
