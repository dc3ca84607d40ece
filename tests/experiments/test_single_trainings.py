"""Experiments compare single trainings, also where the project averages several."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from ablation_worlds import INPUTS, ablation_params, quantization_params
from pydantic import ValidationError
from worlds import click_log, ctr_params, random_table

from mmctr.data.log_facts import LogFacts
from mmctr.experiments.ablation.plan import make_plan
from mmctr.experiments.training import train_measured
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.varied_params import VariedParams

FURTHER = [("seeds", 5), ("refit", "train_and_valid")]


def base(**training: object) -> VariedParams:
    ctr = ctr_params(training=training)
    return VariedParams(quantization=quantization_params(), ctr_modeling=ctr)


@pytest.mark.parametrize(("name", "value"), FURTHER)
def test_further_trainings_are_ignored_aloud_and_change_no_result(name, value, caplog):
    with caplog.at_level(logging.WARNING):
        plans = [
            make_plan(ablation_params(), given.as_single_training(), INPUTS)
            for given in (base(), base(**{name: value}))
        ]
    assert plans[0] == plans[1]
    (said,) = [x.getMessage() for x in caplog.records]
    assert f"ctr_modeling.training.{name}={value} is ignored" in said


@pytest.mark.parametrize(("name", "value"), FURTHER)
def test_no_arm_and_no_trial_has_further_trainings_of_its_own(name, value):
    arm = {"kind": "none", "ctr_modeling": {"training": {name: value}}}
    with pytest.raises(ValidationError, match=f"training.{name}"):
        ablation_params(arms={"none": arm})
    space = {f"ctr_modeling.training.{name}": {"choices": [value]}}
    with pytest.raises(ValidationError, match="the same for all trials"):
        TuningParams.model_validate({"space": space, "budget": {"max_epochs": 1}})


def test_the_start_of_impressions_is_measured_and_takes_no_time():
    rng = np.random.default_rng(5)
    shown = LogFacts(kind="impressions")
    logs = tuple(replace(click_log(rng, x), facts=shown) for x in (256, 120))
    params = ctr_params(training={"batch_size": 64, "max_epochs": 2})
    _, facts = train_measured(
        random_table(rng), logs, np.arange(120) // 4, params, minutes=1
    )
    steps = [x["step"] for x in facts["validations"]]
    seconds = [x["seconds"] for x in facts["validations"]]
    assert steps == [0, 4, 8]
    assert seconds == sorted(seconds)
    assert seconds[0] == 0 < seconds[-1] == facts["seconds"]
