"""What report and card say of the boosted trees."""

import copy
import inspect
from typing import Any

import pytest
from found_artifacts import found
from page_reader import Page

from mmctr.pipelines.reporting.nodes import write_report
from mmctr.reporting.card import write_model_card
from mmctr.reporting.model_sections import ranking_table

ABOVE, BELOW, AROUND = [0.01, 0.02], [-0.02, -0.01], [-0.01, 0.02]
MODEL = "Compared with boosted trees on the same rows of test, the model is "


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return {**found(), "ablation": None}


def with_trees(
    made: dict[str, Any], differences: tuple[Any, Any, Any] | None
) -> dict[str, Any]:
    """The artifacts with other differences of AUC, gAUC and logloss; None: no trees."""
    metrics = copy.deepcopy(made["metrics"])
    baselines = metrics["test"]["baselines"]
    if differences is None:
        baselines["boosted_trees"] = None
    else:
        names = ("auc_difference", "gauc_difference", "logloss_difference")
        baselines["boosted_trees"] |= dict(zip(names, differences, strict=True))
    return {**made, "metrics": metrics}


def in_short(made: dict[str, Any]) -> str:
    return Page(write_report(**made)).section("overview").words


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("differences", "sentence"),
    [
        (
            (ABOVE, ABOVE, BELOW),
            f"{MODEL}better in AUC [+0.0100, +0.0200], gAUC [+0.0100, +0.0200] and "
            "logloss [-0.0200, -0.0100].",
        ),
        (
            (BELOW, BELOW, ABOVE),
            f"{MODEL}worse in AUC [-0.0200, -0.0100], gAUC [-0.0200, -0.0100] and "
            "logloss [+0.0100, +0.0200].",
        ),
        (
            (AROUND, AROUND, AROUND),
            f"{MODEL}not told apart from them in AUC [-0.0100, +0.0200], gAUC "
            "[-0.0100, +0.0200] and logloss [-0.0100, +0.0200].",
        ),
        (
            (ABOVE, AROUND, ABOVE),
            f"{MODEL}better in AUC [+0.0100, +0.0200]; worse in logloss [+0.0100, "
            "+0.0200]; not told apart from them in gAUC [-0.0100, +0.0200].",
        ),
        (
            (None, None, BELOW),
            f"{MODEL}better in logloss [-0.0200, -0.0100]; not comparable in AUC and "
            "gAUC.",
        ),
        (None, "There is no comparison with boosted trees."),
    ],
)
def test_one_sentence_says_whether_the_model_is_better(made, differences, sentence):
    changed = with_trees(made, differences)
    names = inspect.signature(write_model_card).parameters
    card = write_model_card(**{name: changed[name] for name in names})
    for text in (in_short(changed), " ".join(card.split())):
        assert sentence in text
        assert text.count(MODEL) == (differences is not None)
        # The sentence on all other baselines leaves them to this one.
        assert "boosted trees: the interval" not in text


def test_they_stand_beside_the_other_baselines(made):
    part = made["metrics"]["test"]
    table = ranking_table("test", part)
    assert list(table.header) == [
        "", "AUC", "gAUC", "logloss",
        *(f"model minus it: {x}" for x in ("AUC", "gAUC", "logloss")),
    ]  # fmt: skip
    cells = {row[0]: row[1:] for row in table.rows}
    trees = part["baselines"]["boosted_trees"]
    low, high = trees["logloss_difference"]
    assert cells["boosted trees"][2] == f"{trees['logloss']:.4f}"
    assert cells["boosted trees"][5] == f"[{low:+.4f}, {high:+.4f}]"
    # A number of clicks is no probability.
    assert (cells["popularity"][2], cells["popularity"][5]) == ("-", "-")
    absent = with_trees(made, None)["metrics"]["test"]
    assert ranking_table("test", absent).rows[-1][:4] == [
        "boosted trees",
        *["absent"] * 3,
    ]


def test_what_they_used_is_shown_the_most_used_first(made):
    words = Page(write_report(**made)).section("metrics").words
    assert "What the boosted trees used" in words
    assert "cooccurrence.max 43.2 %" in words
    assert "popularity.n13 3.0 %" in words
    assert "popularity.n14" not in words
    assert "123 trees, trained on 456,789 rows until" in words
