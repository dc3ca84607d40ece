"""What report and card say of row statistics and of both protocols."""

import copy
import inspect
from typing import Any

import pytest
from found_artifacts import found
from page_reader import Page

from mmctr.pipelines.reporting.nodes import write_report
from mmctr.reporting.card import write_model_card
from mmctr.reporting.statistics_sections import protocol_tables
from mmctr.reporting.words import interval, number

pytestmark = pytest.mark.usefixtures("undrawn")

MEASURES = ("auc", "gauc", "logloss")
LIVE = "Row statistics are live: a row of valid or test knows the clicks before"
FROZEN = "Row statistics are frozen: a row of valid or test knows the clicks of train"
NO_TIMES = "The source has no times, so row statistics count the same clicks"
OF_OTHERS = "a row of any part knows train's events of other users: row statistics are"
SHOWN = "Row statistics are live: a row knows what was shown and clicked before its own"
NONE = "No row statistics were computed."
OTHER = "With frozen row statistics, which know the clicks of train's time alone"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return {**found(), "ablation": None}


def pages(artifacts: dict[str, Any]) -> dict[str, str]:
    """The words of both, with single spaces."""
    names = inspect.signature(write_model_card).parameters
    texts = {
        "report": Page(write_report(**artifacts)).section("overview").words,
        "card": write_model_card(**{name: artifacts[name] for name in names}),
    }
    return {name: " ".join(text.split()) for name, text in texts.items()}


def under(made: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The artifacts of a run with other row statistics, measured under one protocol."""
    artifacts = copy.deepcopy(made)
    artifacts["metrics"]["row_statistics"] |= changes
    artifacts["metrics"]["test_frozen"] = None
    return artifacts


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"protocol": "live"}, LIVE),
        ({"protocol": "frozen"}, FROZEN),
        ({"protocol": None}, NO_TIMES),
        ({"protocol": None, "of_others": True}, OF_OTHERS),
        ({"protocol": "live", "impressions": 99}, SHOWN),
        ({"protocol": None, "kinds": {}}, NONE),
    ],
)
def test_each_names_the_protocol(made, changes, said):
    for name, text in pages(under(made, **changes)).items():
        for sentence in (LIVE, FROZEN, NO_TIMES, NONE, OF_OTHERS, SHOWN):
            assert (sentence in text) == (sentence == said), (name, sentence)
        assert OTHER not in text, name


def test_each_shows_both_where_both_are_measured(made):
    metrics = made["metrics"]
    texts = pages(made)
    for name in ("report", "card"):
        assert OTHER in texts[name]
        for measure in MEASURES:
            assert number(metrics["test_frozen"][measure]) in texts[name]


def minus_trees(part: dict[str, Any], measure: str) -> str:
    ends = part["baselines"]["boosted_trees"][f"{measure}_difference"]
    return interval(ends, sign="+")


def test_the_table_has_a_line_per_protocol(made):
    metrics = made["metrics"]
    (table,) = protocol_tables(metrics)
    assert [row[0] for row in table.rows] == ["live", "frozen"]
    for row, part in zip(table.rows, ("test", "test_frozen"), strict=True):
        assert list(row[4:]) == [minus_trees(metrics[part], x) for x in MEASURES]
        assert row[1].startswith(number(metrics[part]["auc"]))
    assert table.title in Page(write_report(**made)).section("metrics").words
    assert protocol_tables(under(made)["metrics"]) == []


def test_the_data_section_says_which_statistics_there_are(made):
    words = Page(write_report(**made)).section("data").words
    assert "popularity 18 yes" in words
    assert "cooccurrence 11 no" in words
    assert "1,234 clicks may be counted, popularity in windows of 30 and 90.5" in words
    words = Page(write_report(**under(made, kinds={}))).section("data").words
    assert NONE in words
    assert "numbers per row" not in words
    undated = Page(write_report(**under(made, protocol=None))).section("data").words
    assert "1,234 clicks may be counted; the newest 64 items" in undated


def test_the_card_says_which_statistics_the_model_takes(made):
    assert "| row statistics | popularity |" in pages(made)["card"]
    without = under(made)
    without["training_history"]["statistics"] = []
    assert "| row statistics | none |" in pages(without)["card"]
