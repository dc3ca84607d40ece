"""A model of several trainings is reported beside each of them."""

import copy
import inspect
from typing import Any

import pytest
from found_artifacts import found
from page_reader import Page

from mmctr.reporting.card import write_model_card
from mmctr.reporting.pages import render_report
from mmctr.reporting.training_section import training_section


@pytest.fixture(scope="module")
def several() -> dict[str, Any]:
    """A history of three trainings."""
    history = copy.deepcopy(found()["training_history"])
    return with_seeds(history)


def with_seeds(history: dict[str, Any]) -> dict[str, Any]:
    course = history["validations"]
    return history | {
        "seeds": [
            {
                "seed": 7 + number,
                "auc": 0.7 + number / 100,
                "gauc": None,
                "logloss": 0.6 - number / 100,
                "best_step": 20,
                "steps": 30,
                "validations": course,
            }
            for number in range(3)
        ],
        "mean_logit": {"auc": 0.7345, "gauc": None, "logloss": 0.5678},
    }


def test_the_page_has_the_mean_and_each_training(several):
    page = Page(render_report("t", "s", [training_section(several)]))
    said = page.section("training").words
    for words in (
        "mean of the logits of 3 trainings",
        "mean of logits 0.7345 - 0.5678 -",
        "seed 7 0.7000 - 0.6000 20",
        "seed 9 0.7200 - 0.5800 20",
        "The first of 3 trainings",
    ):
        assert words in said
    assert "None" not in said


def test_the_card_names_the_seeds(several):
    names = inspect.signature(write_model_card).parameters
    artifacts = found() | {"training_history": several}
    given = {name: artifacts[name] for name in names}
    card = write_model_card(**given)
    assert "| seed | 7, 8, 9; the mean of their logits |" in card
    assert "- 3 seeds, averaged: how much others would change" in card


def test_the_page_has_advice_on_settings_first(several):
    advised = several | {"advice": "try other settings"}
    page = Page(render_report("t", "s", [training_section(advised)]))
    assert page.section("training").words.startswith(
        "Training curves try other settings"
    )


def test_page_and_card_say_what_a_refit_is(several):
    again = several | {"refit": {"rows": 98765, "steps": [10, 20, 30]}}
    page = Page(render_report("t", "s", [training_section(again)]))
    said = "second training over the 98,765 rows of train and valid"
    assert said in page.section("training").words
    names = inspect.signature(write_model_card).parameters
    artifacts = found() | {"training_history": again}
    card = write_model_card(**{name: artifacts[name] for name in names})
    assert said in " ".join(card.split())
