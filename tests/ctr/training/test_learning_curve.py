"""Steps and seconds of learning."""

import math

import numpy as np
import pytest
from worlds import click_log, ctr_params, random_table

from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.learning_curve import TimeLimit, TrainingClock, first_within


def curve(*values: float) -> list[dict[str, float]]:
    return [
        {"step": 10.0 * place, "auc": value}
        for place, value in enumerate(values, start=1)
    ]


def test_the_first_validation_at_99_percent_of_the_best():
    assert first_within(curve(0.6, 0.7, 0.794, 0.80, 0.75))["step"] == 30
    assert first_within(curve(0.6, 0.7, 0.791, 0.80))["step"] == 40
    assert first_within(curve(0.5))["step"] == 10
    assert first_within(curve(0.8, 0.5, 0.8), 1.0)["step"] == 10


def test_later_lower_values_do_not_matter():
    assert first_within(curve(0.795, 0.6, 0.8))["step"] == 10


def test_an_empty_curve_or_a_wrong_share_is_refused():
    with pytest.raises(ValueError, match="validation"):
        first_within([])
    with pytest.raises(ValueError, match="share"):
        first_within(curve(0.5), 0)


def train(callback, **training):
    rng = np.random.default_rng(0)
    params = ctr_params()
    training = {"max_epochs": 2, "batch_size": 40, **training}
    training["validations_per_epoch"] = 2
    settings = params.training.model_copy(update=training)
    params = params.model_copy(update={"training": settings})
    train_log, valid_log = click_log(rng, 200), click_log(rng, 40)
    groups = np.arange(40) // 4
    return train_ctr_model(
        random_table(rng), train_log, valid_log, groups, params, callbacks=[callback]
    ).history


class Clock:
    """A clock that advances by one second per call."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_the_clock_measures_training_time_without_validations():
    clock = TrainingClock(Clock())
    history = train(clock, patience=9)
    # It is read when training and validation start and end: one second per stretch.
    assert clock.seconds == [1, 2, 3, 4]
    assert len(history["validations"]) == 4


def test_the_time_limit_ends_a_training_with_a_validation():
    unlimited = train(TimeLimit(math.inf), patience=9)
    limit = TimeLimit(2.5, Clock())
    history = train(limit, patience=9)
    assert limit.reached
    assert 0 < history["steps"] < unlimited["steps"]
    assert history["validations"][-1]["step"] == history["steps"]
