"""A search space is checked as if its values were the project's own."""

from copy import deepcopy
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from paths import CONF

from mmctr.project.params import ProjectParams, check_parameters


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    """The parameters of base."""
    loader = OmegaConfigLoader(str(CONF), base_env="base", default_run_env="base")
    return loader["parameters"]


def checked(
    tree: dict[str, Any], space: dict[str, Any], **tuning: Any
) -> ProjectParams:
    changed = deepcopy(tree)
    changed["tuning"].update(tuning, space=space)
    return check_parameters(changed)


LEVELS = "quantization.rq_kmeans.levels"
RATE = "ctr_modeling.training.learning_rate"


def test_null_leaves_a_parameter_out(tree):
    space = {LEVELS: {"choices": [2, 4]}, RATE: None}
    assert list(checked(tree, space).tuning.chosen_space) == [LEVELS]
    with pytest.raises(ValueError, match="nothing to tune"):
        checked(tree, {RATE: None})


def test_lists_are_choices_too(tree):
    units = "ctr_modeling.model.dnn_units"
    space = checked(tree, {units: {"choices": [[64], [64, 32]]}}).tuning.chosen_space
    assert space[units].grid == ["[64]", "[64, 32]"]
    assert list(space[units].labels.values()) == [[64], [64, 32]]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "quantization.rq_kmeans.level",
            {"choices": [2]},
            r"tuning.space: 'quantization.rq_kmeans.level' is not a parameter; did you "
            r"mean 'quantization.rq_kmeans.levels'\?",
        ),
        (
            "quantisation.method",
            {"choices": ["pq"]},
            r"did you mean 'quantization.method'\?",
        ),
        (
            "ctr_modeling.model.dnn_dropout",
            {"float": {"low": 0.0, "high": 1.0}},
            "'ctr_modeling.model.dnn_dropout' = 1.0: .*less than 1",
        ),
        (LEVELS, {"int": {"low": 0, "high": 4}}, f"'{LEVELS}' = 0: .*or equal"),
        ("quantization.method", {"choices": ["pq", "kmeens"]}, "'kmeens': use one of"),
        (LEVELS, {"float": {"low": 1.5, "high": 4}}, f"'{LEVELS}' = 1.5: "),
        (
            "ctr_modeling.training.max_epochs",
            {"choices": [1, 2]},
            "the same for all trials.*tuning.budget.max_epochs",
        ),
        ("ctr_modeling.seed", {"choices": [1, 2]}, "set it by seed"),
        (
            "quantization.health.min_perplexity_share",
            {"choices": [0]},
            "set it by quantization.health",
        ),
        (
            LEVELS,
            {"choices": [2], "int": {"low": 1, "high": 2}},
            "choices and int are both given; .*int: null",
        ),
        (LEVELS, {"choices": [2, 2]}, "given twice"),
        (LEVELS, {"int": None}, "give choices"),
        (
            LEVELS,
            {"int": {"low": 4, "high": 2}},
            "expected low below high, got low=4, high=2",
        ),
        (RATE, {"float": {"low": 0, "high": 1, "log": True}}, "low above 0"),
        (RATE, {"float": {"low": 0.1, "high": 1, "step": 1}}, "float.step"),
        (LEVELS, {"int": {"low": 1.5, "high": 4}}, "valid integer"),
        (LEVELS, {"int": {"low": 1, "hihg": 4}}, f"did you mean .*{LEVELS}.int.high"),
    ],
)
def test_what_is_wrong_in_a_space_is_refused_with_its_place(
    tree, name, values, message
):
    with pytest.raises(ValueError, match=message) as caught:
        checked(tree, {name: values})
    assert "tuning.space" in str(caught.value)


def test_values_that_go_together_only_with_others_of_the_space_are_accepted(tree):
    space = {
        "quantization.method": {"choices": ["pq", "rq_kmeans"]},
        "ctr_modeling.model.code_entry": {"choices": ["prefix", "bag"]},
    }
    assert checked(tree, space)


def test_a_grid_needs_values_that_can_be_counted(tree):
    uncountable = {RATE: {"float": {"low": 0.001, "high": 0.01}}}
    assert checked(tree, uncountable)
    with pytest.raises(ValueError, match=f"can't list the values of '{RATE}'"):
        checked(tree, uncountable, sampler="grid")
    assert checked(tree, {LEVELS: {"int": {"low": 2, "high": 4}}}, sampler="grid")
