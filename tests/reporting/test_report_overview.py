"""What the report says to somebody who reads nothing but its first section."""

import copy
from typing import Any

import pytest
from found_artifacts import found
from page_reader import Page

from mmctr.reporting.blocks import Steps
from mmctr.reporting.overview import overview
from mmctr.reporting.pages import render_report
from mmctr.reporting.sentences import headline
from mmctr.reporting.top_blocks import top_block

TOLD = ("metrics", "evaluation_details", "preparation_report", "data_audit")
TOLD += ("training_history",)


@pytest.fixture(scope="module")
def artifacts() -> dict[str, Any]:
    return {name: value for name, value in found().items() if name in TOLD}


@pytest.fixture
def made(artifacts) -> dict[str, Any]:
    return copy.deepcopy(artifacts)


def words_of(made: dict[str, Any], **options: Any) -> str:
    told = (made[name] for name in TOLD)
    section = overview(*told, **{"is_ablated": True, **options})
    return Page(render_report("t", "s", [section])).section("overview").words


def steps_of(made: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    section = overview(
        *(made[name] for name in TOLD), **{"is_ablated": True, **options}
    )
    return [x for b in section.blocks if isinstance(b, Steps) for x in b.steps]


def test_it_opens_with_the_task_and_the_data(made):
    made["preparation_report"]["log"] |= {"test_from": 1614384000}
    words = words_of(made)
    assert "The task: of a click and 3 items drawn at random, find the one" in words
    assert (
        "The data: a log of clicks from 2020-01-31 to 2021-02-28. Train has 240 rows "
        "of 60 users with 33 items; test, from 2021-02-27 00:00 UTC on, has 240 rows "
        "of 60 users with 33 items."
    ) in words
    made["preparation_report"]["log"] = None
    words = words_of(made)
    assert "of the items that a user is offered" in words
    assert "a challenge's rows" in words


def test_the_task_of_impressions_is_to_find_clicks_among_what_was_shown(made):
    made["preparation_report"]["log"] = {
        "kind": "impressions",
        "groups": "impression_id",
        "negative_keep": 1.0,
        "clock": False,
        "test_from": 4,
        "first_day": None,
        "weights": None,
    }
    words = words_of(made)
    assert "of the items that were shown together (impression_id)" in words
    assert "test has 240 rows" in words


def test_the_verdict_is_that_of_the_terminal(made):
    assert headline(made["metrics"], "test") in words_of(made)


def test_it_says_for_whom_the_model_is_worse_if_that_is_shown(made):
    whole, first, second, *_ = made["evaluation_details"]["test"]["slices"]
    for each in made["evaluation_details"]["test"]["slices"]:
        each |= {"rows": 1000, "auc": 0.8, "auc_interval": [0.78, 0.82]}
    assert "No slice of 200 rows or more is shown to have a lower AUC" in words_of(made)
    first |= {"name": "here", "auc": 0.7, "auc_interval": [0.68, 0.72]}
    second |= {"rows": 199, "auc": 0.5, "auc_interval": [0.45, 0.55]}
    assert (
        "It is worst for rows with a here (1,000 of them): an AUC of 0.7000 [0.6800, "
        "0.7200]"
        ", below that of all rows, 0.8000 [0.7800, 0.8200]."
    ) in words_of(made)
    whole["auc_interval"] = [0.71, 0.89]
    assert "No slice of 200 rows or more" in words_of(made)


@pytest.mark.parametrize(
    ("ece", "chance", "said"),
    [
        (0.012, [0.01, 0.015], "The probabilities can be believed: the calibration"),
        (0.016, [0.01, 0.015], "The probabilities are roughly right: the calibration"),
        (0.012, None, "The probabilities are roughly right: the calibration"),
        (0.051, [0.05, 0.06], "The probabilities can't be believed: the calibration"),
        (None, None, "is unknown: test has no rows"),
    ],
)
def test_it_says_whether_probabilities_can_be_believed(made, ece, chance, said):
    made["metrics"]["test"] |= {"ece": ece, "ece_if_calibrated": chance}
    assert said in words_of(made)


def test_every_measure_is_explained_below_its_number(made):
    words = words_of(made)
    for name in ("AUC", "gAUC", "logloss", "NE", "ECE"):
        assert f"{name} on test" in words
    assert words.index("ECE on test") < words.index("how often a clicked row scores")


def test_what_next_is_what_the_run_suggests(made):
    test = made["metrics"]["test"]
    test["auc_interval"] = [0.70, 0.72]
    assert steps_of(made) == []
    made["training_history"] |= {"advice": "use settings of small logs"}
    made["training_history"]["best_step"] = 30
    made["data_audit"]["valid"]["auc_seen_before"] = 0.7
    made["data_audit"]["test"]["known_user_share"] = 0.9
    made["preparation_report"]["parts"]["test"]["rows_with_cold_item"] = 48
    test["auc_interval"] = [0.70, 0.74]
    steps = steps_of(made, is_ablated=False)
    said = [
        ("use settings of small logs", "training"),
        ("training.max_epochs=N", "training"),
        ("Repeats give clicks away", "data"),
        ("fields.user_id=true", "data"),
        ("20.0 % of the rows of test have a target that train", "slices"),
        ("0.040 wide", "metrics"),
        ("kedro run --pipeline ablation", ""),
    ]
    for (text, anchor), (expected, section) in zip(steps, said, strict=True):
        assert expected in text
        assert anchor == section


def test_the_first_rows_have_a_table_where_there_are_any(made):
    part = made["metrics"]["test"]
    assert "No group of test has a click and more than 5 rows" in (
        top_block("test", part).text
    )
    part |= {"groups_at_5": 1234, "hit_rate_at_5": 0.75, "ndcg_at_5": 0.5}
    part |= {"hit_rate_at_5_interval": [0.7, 0.8], "ndcg_at_5_interval": [0.4, 0.6]}
    part["baselines"]["popularity"] |= {
        "hit_rate_at_5": 0.6,
        "hit_rate_at_5_difference": [0.1, 0.2],
    }
    part["baselines"]["last_title_similarity"] = None
    table = top_block("test", part)
    assert table.rows[0][:4] == [
        "model", "0.7500 [0.7000, 0.8000]", "0.5000 [0.4000, 0.6000]", "-",
    ]  # fmt: skip
    (popularity,) = [row for row in table.rows if row[0] == "popularity"]
    assert popularity[1] == "0.6000"
    assert popularity[5] == "[+0.1000, +0.2000]"
    assert "last title similarity" not in [row[0] for row in table.rows]
    assert "1,234 with a click and more than 5 rows, 0 with" in table.note
