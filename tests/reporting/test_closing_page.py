"""The summary that a run ends with, on made-up numbers."""

import copy
from typing import Any

import pytest
from prepared_log import log_report

from mmctr.reporting.closing_page import SUMMARY_INPUTS, NextCommand, summarize

PART = {
    "rows": 1200,
    "positive_rows": 300,
    "users": 300,
    "warm_users": 100,
    "items": 900,
    "rows_with_cold_item": 17,
    "mean_history": 7.69,
}
BASELINE = {
    "auc": 0.51,
    "gauc": 0.52,
    "auc_difference": [0.1, 0.2],
    "gauc_difference": [-0.15, 0.25],
    "auc_detectable": 0.0161,
    "gauc_detectable": 0.0171,
    "logloss": None,
    "logloss_difference": None,
    "logloss_detectable": None,
}
TREES = {**BASELINE, "logloss": 0.5432, "logloss_difference": [-0.02, -0.01]}
METRICS = {
    "rows": 1200,
    "weighted": False,
    "groups": 300,
    "groups_of_both_labels": 300,
    "auc": 0.7123,
    "auc_interval": [0.70, 0.72],
    "gauc": 0.7012,
    "gauc_interval": [0.69, 0.71],
    "logloss": 0.5678,
    "logloss_interval": [0.55, 0.58],
    "ne": 0.9876,
    "ece": 0.0123,
    "ece_if_calibrated": [0.0105, 0.0155],
    "calibration_slope": 0.987,
    "calibration_intercept": 0.01,
    "raw": {"logloss": 0.6012, "ne": 1.0123, "ece": 0.0523, "slope": 0.654},
    "auc_warm_items": 0.7345,
    "auc_clean_cold": None,
    "clean_cold_pairs": 12,
    "baselines": {
        "popularity": BASELINE,
        "last_title_similarity": None,
        "boosted_trees": TREES,
    },
}


@pytest.fixture
def inputs() -> dict[str, Any]:
    return copy.deepcopy(
        {
            "preparation_report": {
                "source": "interactions",
                "log": log_report(),
                "items": 2000,
                "items_in_train": 1900,
                "parts": {"train": PART, "valid": PART, "test": PART},
            },
            "metrics": {
                "row_statistics": {"protocol": None, "of_others": False, "kinds": {}},
                "valid": METRICS,
                "test": copy.deepcopy(METRICS),
                "test_frozen": None,
            },
            "training_history": {},
        }
    )


def page(inputs: dict[str, Any], **changes: Any) -> str:
    options = {"dataset": "toys", "results": {}, "commands": []}
    return summarize(inputs, **{**options, **changes})


def line_with(text: str, start: str) -> str:
    """The one line that starts like this."""
    (line,) = [x for x in text.splitlines() if x.strip().startswith(start)]
    return line


def words(text: str) -> str:
    return " ".join(text.split())


def test_inputs_are_those_that_it_names(inputs):
    assert set(inputs) == set(SUMMARY_INPUTS)


def test_each_measure_stands_beside_the_best_baseline_in_it(inputs):
    baselines = inputs["metrics"]["test"]["baselines"]
    baselines["popularity"] = {**BASELINE, "gauc": 0.6}
    text = page(inputs)
    assert words(line_with(text, "AUC  ")) == (
        "AUC 0.7123 [0.7000, 0.7200] 0.5100 popularity [+0.1000, +0.2000]"
    )
    assert words(line_with(text, "gAUC ")) == (
        "gAUC 0.7012 [0.6900, 0.7100] 0.6000 popularity [-0.1500, +0.2500]"
    )
    assert words(line_with(text, "logloss ")) == (
        "logloss 0.5678 [0.5500, 0.5800] 0.5432 boosted trees [-0.0200, -0.0100]"
    )
    # That of the click rate is .5678 / .9876.
    assert words(line_with(text, "NE ")) == "NE 0.9876 0.9448 boosted trees"
    assert words(line_with(text, "ECE ")) == "ECE 0.0123 0.0105 if calibrated"


def test_it_begins_with_the_verdict(inputs):
    text = words(page(inputs))
    assert "worse" not in text
    assert text.startswith("The model is not shown to rank better than popularity and")
    for baseline in filter(None, inputs["metrics"]["test"]["baselines"].values()):
        baseline["gauc_difference"] = [0.1, 0.2]
    assert words(page(inputs)).startswith(
        "The model ranks better than all 2 baselines on test: its gAUC is 0.1812 "
        "[0.1000, 0.2000] above that of the best of them, popularity."
    )
    inputs["metrics"]["test"]["baselines"] = {"popularity": None}
    text = page(inputs)
    assert "It is unknown whether" in text
    assert words(line_with(text, "AUC  ")) == "AUC 0.7123 [0.7000, 0.7200] -"


def test_it_says_rows_and_items(inputs):
    assert "toys: 2,000 items, 1,200 rows of train, 1,200 of test by 300 users" in page(
        inputs
    )


def test_the_best_possible_is_shown_where_it_is_known(inputs):
    assert "best possible" not in page(inputs)
    inputs["metrics"]["test"]["oracle_auc"] = 0.9123
    assert line_with(page(inputs), "best possible").endswith(" 0.9123")


def test_advice_on_settings_is_given(inputs):
    assert "advice" not in page(inputs)
    inputs["training_history"]["advice"] = "try other settings"
    assert line_with(page(inputs), "advice:").endswith(" try other settings")


def test_an_unlabelled_test_is_judged_by_valid(inputs):
    inputs["metrics"]["test"] = None
    inputs["preparation_report"]["parts"]["test"]["positive_rows"] = None
    text = page(inputs)
    assert "test has no labels: the model is judged by valid" in text
    assert line_with(text, "on valid")
    assert "NaN" not in text
    assert "None" not in text


def test_undefined_metrics_are_dashes(inputs):
    found = inputs["metrics"]["test"]
    for name in ("auc", "gauc", "logloss", "ne", "ece"):
        found[name] = None
    for baseline in filter(None, found["baselines"].values()):
        baseline.update(dict.fromkeys(baseline))
    text = page(inputs)
    assert words(line_with(text, "AUC  ")) == "AUC - -"
    assert words(line_with(text, "NE ")) == "NE - -"
    assert "None" not in text


def test_what_there_is_and_what_comes_next(inputs):
    text = page(
        inputs,
        results={"report": "a/report.html", "bundle": "b/bundle"},
        commands=[NextCommand("score rows", "mmctr score b/bundle rows.csv")],
    )
    assert words(line_with(text, "report ")) == "report a/report.html"
    assert text.rstrip().endswith(
        "next\n  score rows:\n    mmctr score b/bundle rows.csv"
    )
    assert "next" not in page(inputs)


def test_it_fits_a_screen_of_120_columns_and_40_lines(inputs):
    inputs["metrics"]["test"]["baselines"]["max_title_similarity"] = BASELINE
    inputs["metrics"]["test"] |= {"ne": 1.2, "ece": 0.2, "oracle_auc": 0.9}
    inputs["training_history"]["advice"] = "try other settings " * 12
    commands = [NextCommand("score rows", "mmctr score b/bundle rows.csv")] * 3
    lines = page(inputs, results={"report": "r", "bundle": "b"}, commands=commands)
    assert max(map(len, lines.splitlines())) <= 100
    assert len(lines.splitlines()) <= 36


def test_what_is_not_known_is_counted(inputs):
    found = {
        "file": "test.parquet",
        "column": "item_id",
        "values": 1200,
        "rows": 1100,
        "fate": "these rows are scored",
    }
    inputs["preparation_report"]["unknown"] = {"policy": "pad", "found": [found]}
    assert line_with(page(inputs), "unknown:") == (
        "  unknown: test.parquet item_id, 1,200 values in 1,100 rows; "
        "these rows are scored"
    )


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (("auc", "gauc"), "AUC is undefined: all rows have one label"),
        (("gauc",), "gAUC is undefined: no group has both labels"),
        ((), None),
    ],
)
def test_what_is_undefined_is_said(inputs, missing, said):
    inputs["metrics"]["test"].update(dict.fromkeys(missing))
    assert page(inputs).count("undefined") == bool(missing)
    assert said is None or f"on test {said}" in page(inputs)
    inputs["metrics"]["valid"].update(dict.fromkeys(missing))
    assert said is None or f"on valid {said}" in page(inputs)
