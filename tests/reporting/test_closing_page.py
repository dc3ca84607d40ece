"""The summary that a run ends with, on made-up numbers."""

import copy
from typing import Any

import pytest
from prepared_log import log_report

from mmctr.reporting.closing_page import SUMMARY_INPUTS, summarize

PART = {
    "rows": 1200,
    "positive_rows": 300,
    "users": 300,
    "warm_users": 100,
    "items": 900,
    "rows_with_cold_item": 17,
    "mean_history": 7.69,
}
HEALTH = {
    "r2": 0.5123,
    "cosine": 0.7234,
    "usage": 1.0,
    "perplexity": 100.44,
    "dead_codes": 0,
    "recall_at_10": 0.345,
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

AUDIT = {
    "positive_rate": 0.25,
    "cold_target_share": 0.014,
    "likes_level_equals_items": 1.0,
    "views_level_equals_items": 0.875,
    "auc_item_only": 0.612,
    "auc_history_length": 0.5,
    "auc_likes_level": 0.523,
    "auc_views_level": None,
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
            "data_audit": dict.fromkeys(("train", "valid", "test"), AUDIT),
            "metrics": {
                "row_statistics": {"protocol": None, "of_others": False, "kinds": {}},
                "valid": METRICS,
                "test": copy.deepcopy(METRICS),
                "test_frozen": None,
            },
            "codebook": {"title": HEALTH, "image": None},
            "training_history": {
                "device": "cpu",
                "weights": 123_456,
                "steps": 100,
                "content": "codes (prefix) + similarity",
                "monitor": "auc",
                "best": 0.7123,
                "best_step": 80,
            },
        }
    )


def page(inputs: dict[str, Any], **changes: Any) -> str:
    options = {
        "paths": {"metrics": "data/08_reporting/toys/metrics.json"},
        "dataset": "toys",
        "env": None,
        "source": {},
    }
    return summarize(inputs, **{**options, **changes})


def lines_with(text: str, start: str) -> list[str]:
    """The lines that start like this."""
    return [line for line in text.splitlines() if line.strip().startswith(start)]


def line_with(text: str, start: str) -> str:
    """The one line that starts like this."""
    (line,) = lines_with(text, start)
    return line


def test_inputs_are_those_that_it_names(inputs):
    assert set(inputs) == set(SUMMARY_INPUTS)


def test_it_says_rows_and_items(inputs):
    text = page(inputs)
    assert "toys: 2,000 items, 1,900 of them in train" in text
    assert line_with(text, "valid   1,200").split() == [
        "valid", "1,200", "300", "300", "200", "900", "17", "7.7",
    ]  # fmt: skip
    assert line_with(text, "train   1,200").split() == [
        "train", "1,200", "300", "300", "-", "900", "-", "7.7",
    ]  # fmt: skip


def test_the_model_stands_beside_every_baseline(inputs):
    inputs["metrics"]["test"] = None
    text = page(inputs)
    model, loss = lines_with(text, "model")
    assert "0.7123 0.7012  [0.7000, 0.7200], [0.6900, 0.7100]" in model
    assert loss.endswith(" 0.5678  [0.5500, 0.5800]")
    trees, loss = lines_with(text, "boosted_trees")
    assert "0.5100 0.5200  [+0.1000, +0.2000], [-0.1500, +0.2500]" in trees
    assert loss.endswith(" 0.5432  [-0.0200, -0.0100]")
    # Scores that are no probabilities have no logloss.
    assert "0.5100 0.5200" in line_with(text, "popularity")
    assert "absent" in line_with(text, "last_title_similarity")
    assert "cold against cold in a group - (12 pairs)" in text


def test_it_says_what_training_did(inputs):
    text = page(inputs)
    assert "training on cpu: 123,456 weights, 100 steps\n" in text
    assert line_with(text, "content:").endswith(": codes (prefix) + similarity")
    assert "best auc on valid 0.7123 at step 80" in text


def test_several_trainings_are_a_range_and_their_mean(inputs):
    inputs["training_history"] |= {
        "seeds": [{"auc": 0.71}, {"auc": 0.69}],
        "mean_logit": {"auc": 0.7234},
    }
    line = line_with(page(inputs), "2 trainings")
    assert "auc on valid 0.6900 to 0.7100; the mean of their logits 0.7234" in line


def test_advice_on_settings_stands_with_the_training(inputs):
    assert "advice" not in page(inputs)
    inputs["training_history"]["advice"] = "try other settings"
    assert line_with(page(inputs), "advice:").endswith(" try other settings")


def test_the_best_possible_is_shown_where_it_is_known(inputs):
    assert "best possible" not in page(inputs)
    inputs["metrics"]["test"]["oracle_auc"] = 0.9123
    assert line_with(page(inputs), "best possible").endswith(" 0.9123")


def test_an_absent_modality_and_undefined_health(inputs):
    inputs["codebook"]["title"]["cosine"] = None
    text = page(inputs)
    assert "cosine -," in line_with(text, "title ")
    assert line_with(text, "image ").split() == ["image", "absent"]


def test_an_unlabelled_test_has_no_numbers_but_a_next_step(inputs):
    inputs["metrics"]["test"] = None
    inputs["preparation_report"]["parts"]["test"]["positive_rows"] = None
    text = page(inputs)
    assert "test: no labels, so predictions only" in text
    assert "hidden" in line_with(text, "test    1,200")
    assert "submit test_predictions" in text
    assert "NaN" not in text
    assert "None" not in text


def test_undefined_metrics_are_dashes(inputs):
    for name in ("auc", "gauc", "auc_interval", "gauc_interval", "auc_warm_items"):
        inputs["metrics"]["valid"][name] = None
    popularity = inputs["metrics"]["valid"]["baselines"]["popularity"]
    popularity.update(dict.fromkeys(popularity))
    text = page(inputs)
    assert "[-], [-]" in text
    assert "None" not in text


def test_every_artifact_has_its_path(inputs):
    text = page(inputs, paths={"metrics": "a/metrics.json", "test": "b/test.parquet"})
    assert line_with(text, "metrics").split() == ["metrics", "a/metrics.json"]
    assert "b/test.parquet" in text


def test_a_run_without_files_still_has_a_page(inputs):
    assert "artifacts" in page(inputs, paths={})


def test_next_commands_repeat_environment_and_data_set(inputs):
    text = page(
        inputs, env="interactions", source={"raw_dir": "logs", "dataset": "toys"}
    )
    commands = [x for x in text.splitlines() if x.strip().startswith("kedro run")]
    assert commands
    assert all("kedro run --env interactions" in command for command in commands)
    assert text.count("--params raw_dir=logs,dataset=toys,") == len(commands)


def test_next_commands_of_the_default_environment_name_none(inputs):
    assert "  kedro run --pipeline ctr_modeling" in page(inputs)


def test_the_report_is_named_or_how_to_have_it(inputs):
    text = page(inputs, paths={"report": "data/08_reporting/toys/report.html"})
    assert line_with(text, "open ").startswith("  open data/08_reporting/toys/report.h")
    assert "with --pipeline reporting" in line_with(page(inputs), "all of this as")


def test_it_fits_a_terminal_of_80_columns(inputs):
    inputs["metrics"]["valid"]["baselines"]["max_title_similarity"] = BASELINE
    widest = max(page(inputs).splitlines(), key=len)
    assert len(widest) <= 80, widest


def test_the_audit_and_what_can_be_detected_are_shown(inputs):
    text = page(inputs)
    assert line_with(text, "train     0.250").split() == [
        "train", "0.250", "0.014", "1.000", "0.875", "0.612", "0.500", "0.523", "-",
    ]  # fmt: skip
    inputs["metrics"]["test"] = None
    assert "0.0161 0.0171" in line_with(page(inputs), "detectable")


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
    ("missing", "words"),
    [
        (("auc", "gauc"), "AUC is undefined: all rows have one label"),
        (("gauc",), "gAUC is undefined: no group has both labels"),
        ((), None),
    ],
)
def test_what_is_undefined_is_said(inputs, missing, words):
    inputs["metrics"]["test"].update(dict.fromkeys(missing))
    assert page(inputs).count("undefined") == bool(missing)
    assert words is None or words in page(inputs)
