"""Bad results are said before anything else, and good ones are not called bad."""

import copy
import inspect
from typing import Any

import pytest
from found_artifacts import found
from page_reader import Page

from mmctr.pipelines.reporting.nodes import write_report
from mmctr.reporting.card import write_model_card
from mmctr.reporting.cautions import cautions, origin_of_rows, relative_probabilities
from mmctr.reporting.closing_page import SUMMARY_INPUTS, summarize

NE = "worse than always predicting the click rate: NE is 1.040, above 1"
ECE = "the calibration error is 0.071, above 0.05"
RELATIVE = "relative to the 3 negatives that were drawn per click"
FORMULA = "becomes p / (p + (1 - p) * v / 3)"


def artifacts(**changes: Any) -> dict[str, Any]:
    """Those of a good model, with other metrics of test."""
    made = copy.deepcopy(ARTIFACTS)
    made["metrics"]["test"] |= {"ne": 0.9, "ece": 0.01, **changes}
    return made


def baselines(**differences: list[float]) -> dict[str, Any]:
    """Ends of differences to item_only; other baselines are worse."""
    known = copy.deepcopy(ARTIFACTS["metrics"]["test"]["baselines"])
    known["item_only"] |= {f"{k}_difference": v for k, v in differences.items()}
    return known


ARTIFACTS = found()
BAD = {
    "ne": 1.04,
    "ece": 0.0712,
    "baselines": baselines(auc=[-0.2, -0.1], gauc=[-0.2, 0.1], logloss=[0.001, 0.002]),
}


def words(text: str) -> str:
    return " ".join(text.split())


def summary(made: dict[str, Any]) -> str:
    return summarize(
        {name: made[name] for name in SUMMARY_INPUTS},
        dataset="toys",
        results={},
        commands=[],
    )


def card(made: dict[str, Any]) -> str:
    names = inspect.signature(write_model_card).parameters
    return write_model_card(**{name: made[name] for name in names})


@pytest.fixture(scope="module")
def bad() -> dict[str, Any]:
    return artifacts(**BAD)


@pytest.mark.usefixtures("undrawn")
def test_the_report_begins_with_them(bad):
    first = Page(write_report(**bad)).section("overview").words
    behind = "the model is worse than item only in AUC, than item only in logloss"
    places = [first.index(text) for text in (NE, ECE, behind, "ranks better", "AUC on")]
    assert places == sorted(places)
    assert "in gAUC, " not in first[: places[3]]


def test_the_card_begins_with_them(bad):
    lines = [line for line in card(bad).splitlines() if line]
    assert NE in lines[1]
    assert ECE in lines[2]
    assert "worse than item only" in lines[3]
    assert lines[1].startswith("> **Warning:** On test ")
    assert lines[4].startswith("A click model")


def test_the_summary_begins_with_them(bad):
    head = words(summary(bad).split("The model")[0])
    assert head.startswith("WARNING: On test the probabilities are worse")
    assert NE in head
    assert ECE in head
    assert head.count("WARNING") == 3


@pytest.mark.usefixtures("undrawn")
def test_a_good_model_has_none():
    good = artifacts()
    assert cautions(good["metrics"], "test") == []
    assert "WARNING" not in summary(good)
    assert "Warning" not in card(good)
    page = Page(write_report(**good))
    warned = [x for x in page.all("p") if x.attributes.get("class") == "warns"]
    assert warned == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ne": 1.0, "ece": 0.05}, 0),
        ({"ne": None, "ece": None}, 0),
        ({"ne": 1.001}, 1),
        ({"ece": 0.0501}, 1),
        ({"baselines": baselines(auc=[-0.2, 0.0])}, 0),
        ({"baselines": baselines(gauc=[-0.2, -0.001])}, 1),
        ({"baselines": baselines(logloss=[0.0, 0.1])}, 0),
        ({"baselines": baselines(logloss=[-0.2, -0.1])}, 0),
        ({"baselines": baselines(logloss=[0.1, 0.2])}, 1),
        ({"baselines": {"item_only": None}}, 0),
        ({"baselines": {"item_only": {"auc_difference": None}}}, 0),
    ],
)
def test_only_what_is_shown_to_be_bad_is_said(changes, said):
    assert len(cautions(artifacts(**changes)["metrics"], "test")) == said


@pytest.mark.usefixtures("undrawn")
def test_all_say_what_probabilities_are_relative_to():
    good = artifacts()
    page = Page(write_report(**good)).section("overview").words
    for text in (words(card(good)), page):
        assert RELATIVE in text
        assert FORMULA in text
    good["preparation_report"] |= {"source": "challenge", "log": None}
    page = Page(write_report(**good)).section("overview").words
    for text in (words(card(good)), page):
        assert "relative to" not in text
    assert relative_probabilities(good["preparation_report"]) == ""


def test_both_calibrations_are_shown():
    good = artifacts()
    measured = good["metrics"]["test"]
    section = Page(write_report(**good)).section("calibration").words
    before, now = measured["raw"]["ece"], measured["ece"]
    assert f"error on test from {before:.4f} to {now:.4f}" in section
    assert "before calibration" in section


def test_without_calibration_there_is_one_curve():
    same = artifacts()
    measured = same["metrics"]["test"]
    measured["raw"] = {name: measured[name] for name in ("logloss", "ne", "ece")}
    measured["raw"]["slope"] = measured["calibration_slope"]
    same["metrics"]["valid"]["raw"] = {"logloss": same["metrics"]["valid"]["logloss"]}
    same["metrics"]["valid"]["raw"] |= {"ne": None, "ece": None, "slope": None}
    details = same["evaluation_details"]["test"]
    details["raw_calibration"] = details["calibration"]
    section = Page(write_report(**same)).section("calibration").words
    assert "as the model gives them" in section
    assert "before calibration" not in section


@pytest.mark.usefixtures("undrawn")
def test_the_error_of_calibrated_probabilities_stands_beside_that_of_the_model():
    made = artifacts(ece_if_calibrated=[0.0193, 0.0258])
    said = "would by chance still be 0.0193 on average, and seldom above 0.0258"
    assert said in Page(write_report(**made)).section("metrics").words


def test_a_log_of_impressions_says_what_its_rows_are():
    report = artifacts()["preparation_report"]
    report["log"] = {
        "kind": "impressions",
        "clock": True,
        "groups": "impression_id",
        "negative_keep": 0.1,
        "weights": {"column": "propensity_score"},
    }
    rows = report["parts"]["valid"]
    said = origin_of_rows(report)
    assert f"{rows['positive_rows'] / rows['rows']:.2%}".replace("%", " %") in said
    assert "groups are those of impression_id" in said
    assert "Train has 10.0 % of its rows without a click" in said
    assert "by the column propensity_score" in said
    report["log"] |= {"negative_keep": 1.0, "weights": None}
    said = origin_of_rows(report)
    assert "Train has" not in said and "loss" not in said


@pytest.mark.usefixtures("undrawn")
def test_the_report_says_how_many_groups_count():
    made = artifacts()
    for part in ("valid", "test"):
        made["metrics"][part] |= {"groups": 900, "groups_of_both_labels": 321}
        made["metrics"][part]["weighted"] = True
    words = " ".join(Page(write_report(**made)).section("metrics").words.split())
    assert "321 of 900 groups have both labels" in words
    assert "Rows count by their weights" in words
