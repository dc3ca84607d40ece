"""Arms are checked as if they were the project's own parameters."""

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


def with_arms(tree: dict[str, Any], **arms: Any) -> dict[str, Any]:
    changed = deepcopy(tree)
    changed["ablation"]["arms"].update(arms)
    return changed


def checked(tree: dict[str, Any], **ablation: Any) -> ProjectParams:
    changed = deepcopy(tree)
    changed["ablation"].update(ablation)
    return check_parameters(changed)


def test_the_standard_arms_are_twelve_at_the_most_with_all_controls(tree):
    arms = check_parameters(tree).ablation.chosen_arms
    assert len(arms) <= 12
    assert next(iter(arms)) == "none"
    assert {arm.kind for arm in arms.values()} == {
        "none",
        "continuous",
        "similarity",
        "codes",
        "trees",
        "mean",
    }


def test_an_arm_is_one_entry(tree):
    new = {"kind": "codes", "ctr_modeling": {"features": {"content": "codes"}}}
    arms = {"none": {"kind": "none"}, "mine": new}
    params = checked(tree, arms=arms, comparisons=[["mine", "none"]]).ablation
    assert list(params.chosen_arms) == ["none", "mine"]


def test_null_leaves_an_arm_or_a_candidate_out(tree):
    params = checked(
        tree,
        arms={"none": {"kind": "none"}, "continuous": None},
        comparisons=[["continuous", "none"]],
        candidates={"id": None, "no_id": None},
    ).ablation
    assert list(params.chosen_arms) == ["none"]
    assert list(params.candidates_of(params.arms["none"])) == ["default"]


def test_only_chooses_arms_and_the_control_comes_with_them(tree):
    params = checked(tree, only="continuous+similarity").ablation
    assert list(params.chosen_arms) == ["none", "continuous", "similarity"]


def test_a_mean_brings_its_arms_along(tree):
    params = checked(tree, only="codes_mean_vectors+similarity").ablation
    parts = ["rq_kmeans_concat", "continuous_similarity"]
    assert list(params.chosen_arms) == [
        "none",
        *parts,
        "codes_mean_vectors",
        "similarity",
    ]


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        (
            {"kind": "codes", "ctr_modeling": {"model": {"code_entri": "bag"}}},
            r"arms.new, candidate no_id: 'ctr_modeling.model.code_entri' is not a "
            r"parameter; did you mean 'ctr_modeling.model.code_entry'",
        ),
        (
            {"kind": "codes", "quantization": {"method": "kmeens"}},
            r"arms.new, candidate id: 'quantization.method' = 'kmeens'",
        ),
        (
            {"kind": "codes", "ctr_modeling": {"training": {"learning_rate": -1}}},
            r"'ctr_modeling.training.learning_rate' = -1: .*greater than 0",
        ),
        (
            {
                "kind": "codes",
                "quantization": {"method": "pq"},
                "ctr_modeling": {"model": {"code_entry": "prefix"}},
            },
            "arms.new, .*codes that refine each other",
        ),
        (
            {"kind": "codes", "ctr_modeling": {"training": {"max_epochs": 3}}},
            "arms.new.ctr_modeling.*'training.max_epochs' is the same for all arms",
        ),
        ({"kind": "codes", "ctr_modeling": {"seed": 3}}, "'seed' is the same for all"),
        (
            {"kind": "none", "ctr_modeling": {"features": {"content": "codes"}}},
            "kind is none, and ctr_modeling.features.content is codes",
        ),
        ({"kind": "code"}, "'ablation.arms.new.kind' = 'code'"),
        ({"kind": "codes", "of": ["none"]}, "'of' goes with kind: mean"),
        ({"kind": "mean", "of": ["none"]}, "kind is mean, which needs two arms"),
        (
            {"kind": "trees", "ctr_modeling": {"features": {"without": ["tags"]}}},
            "kind is trees, which is not trained here and has no settings",
        ),
        (
            {"kind": "trees", "statistics": "all"},
            "kind is trees, which is not trained here and has no .* statistics",
        ),
        ({"kind": "none", "statistics": "some"}, "'content_free' or 'all'"),
        (
            {"kind": "mean", "of": ["none", "continous"]},
            "'arms.new.of' names the arm 'continous'; use one of these: none, .*"
            "boosted_trees",
        ),
        (
            {"kind": "mean", "of": ["none", "codes_mean_vectors"]},
            "'arms.new.of' names the arm 'codes_mean_vectors'; use one of these: none",
        ),
        (
            {"kind": "codes", "quantisation": {}},
            "'ablation.arms.new.quantisation' is not a parameter; did you mean "
            "'ablation.arms.new.quantization'",
        ),
    ],
)
def test_what_is_misspelt_in_an_arm_is_refused_with_its_place(tree, arm, message):
    with pytest.raises(ValueError, match=message):
        check_parameters(with_arms(tree, new=arm))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"only": "none+continous"}, "'only' names the arm 'continous'.*continuous"),
        ({"control": "nothing"}, "'control' names the arm 'nothing'"),
        (
            {"comparisons": [["continuous", "non"]]},
            "'comparisons' names the arm 'non'",
        ),
        ({"candidate_seeds": 4}, "candidate_seeds=4 is more than seeds=3"),
        ({"seeds": 0}, "'ablation.seeds' = 0"),
        ({"control": "codes_mean_vectors"}, "'control' names .*; use one of these"),
        ({"control": "boosted_trees"}, "'control' names the arm 'boosted_trees'; use"),
        ({"choose_by": "loss"}, "'ablation.choose_by' = 'loss'"),
        ({"rows": 10}, "'ablation.rows' is not a parameter"),
    ],
)
def test_settings_that_make_no_ablation_are_refused(tree, settings, message):
    with pytest.raises(ValueError, match=message):
        checked(tree, **settings)
