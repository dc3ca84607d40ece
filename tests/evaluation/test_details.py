"""Calibration, ROC and slices, against counts by hand and scikit-learn."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from mmctr.evaluation import (
    EvaluatedRows,
    Evaluation,
    EvaluationParams,
    TrainRows,
    auc,
    evaluate,
)
from mmctr.evaluation.metrics import expected_calibration_error
from mmctr.evaluation.parts import equal_parts, slice_rows
from mmctr.evaluation.weighted import UserRatio, WeightedRoc

N_ITEMS, SEEN_ITEMS = 60, 45
PARAMS = EvaluationParams(resamples=60, min_clean_cold_pairs=10, seed=3)


def make_split(users: int = 100) -> EvaluatedRows:
    """Users with four rows each, one of them clicked, and a model that knows a bit."""
    rng = np.random.default_rng(2)
    labels = np.tile([1, 0, 0, 0], users)
    rows = 4 * users
    lengths = np.repeat(rng.integers(0, 20, users), 4)
    return EvaluatedRows(
        labels=labels,
        probabilities=np.clip(0.25 + 0.2 * labels + rng.normal(0, 0.15, rows), 0.01, 1),
        raw_probabilities=np.linspace(0.01, 0.99, rows),
        users=np.repeat([f"user {u}" for u in range(users)], 4).astype(object),
        groups=np.repeat(np.arange(users), 4),
        items=rng.integers(1, N_ITEMS + 1, rows),
        history=rng.integers(1, N_ITEMS + 1, lengths.sum()),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
    )


@pytest.fixture(scope="module")
def train() -> TrainRows:
    rng = np.random.default_rng(0)
    return TrainRows(
        items=rng.integers(1, SEEN_ITEMS, 500),
        labels=rng.integers(0, 2, 500),
        history=rng.integers(1, SEEN_ITEMS + 1, 900),
    )


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    drawn = np.random.default_rng(1).normal(size=(N_ITEMS, 4)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def evaluation(train, vectors) -> Evaluation:
    return evaluate(make_split(), train, vectors, PARAMS)


@pytest.fixture(scope="module")
def details(evaluation):
    return evaluation.details


def details_of(*arguments):
    return evaluate(*arguments).details


# Parts.


def test_parts_of_distinct_values_have_equal_sizes():
    parts = equal_parts(np.array([5.0, 1.0, 4.0, 2.0, 3.0, 6.0]), 3)
    assert parts.tolist() == [2, 0, 1, 0, 1, 2]


def test_equal_values_stay_together():
    parts = equal_parts(np.array([0, 0, 0, 0, 0, 0, 0, 1, 2, 3]), 5)
    assert len(set(parts[:7])) == 1
    assert parts.max() == 4


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 12))
def test_parts_rise_with_the_values(values, parts):
    found = equal_parts(np.array(values), parts)
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert all(0 <= part < parts for part in found)
    for value in values:
        assert len(set(found[np.array(values) == value])) == 1


def test_no_parts_are_refused():
    with pytest.raises(ValueError, match="at least one part"):
        equal_parts(np.arange(3), 0)


def test_slices_are_named_after_what_is_in_them():
    lengths = np.array([0, 1, 2, 3, 4, 7, 8, 100, 100, 100])
    cold = np.array([True] + [False] * 9)
    slices = slice_rows(cold, lengths, np.arange(10) * 1000)
    names = {(each.kind, each.name): int(each.rows.sum()) for each in slices}
    assert names["all", "all rows"] == 10
    assert names["target", "warm target"] == 9
    assert names["target", "cold target"] == 1
    steps = {name: rows for (kind, name), rows in names.items() if kind == "history"}
    assert steps == {"0": 1, "1": 1, "2 to 3": 2, "4 to 7": 2, "8": 1, "100": 3}
    deciles = [name for kind, name in names if kind == "popularity"]
    assert deciles == ["0", *(f"{x},000" for x in range(1, 10))]


def test_without_cold_targets_there_is_no_slice_of_them():
    slices = slice_rows(np.zeros(4, bool), np.ones(4), np.ones(4))
    assert "cold target" not in [each.name for each in slices]
    assert sum(each.kind == "popularity" for each in slices) == 1


# Curves.


@pytest.mark.parametrize("ties", [False, True])
def test_the_roc_curve_is_scikit_learns(ties):
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 300)
    scores = rng.normal(size=300) + labels
    scores = np.round(scores) if ties else scores
    users = rng.integers(0, 30, 300)
    grid = np.linspace(0, 1, 41)
    counts = rng.integers(0, 4, 30).astype(float)
    curve = WeightedRoc.prepare(labels, scores, users, grid)(counts)
    expected = roc_curve(labels, scores, sample_weight=counts[users])
    assert curve == pytest.approx(np.interp(grid, expected[0], expected[1]), abs=1e-9)


def test_a_curve_without_clicks_is_undefined():
    users = np.array([0, 1])
    roc = WeightedRoc.prepare(np.array([1, 0]), np.array([0.1, 0.2]), users, np.ones(1))
    assert np.isnan(roc(np.array([0.0, 2.0]))).all()
    assert np.isnan(roc(np.array([2.0, 0.0]))).all()


def test_a_ratio_counts_each_user_as_often_as_drawn():
    ratio = UserRatio.of_sums(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]), 3)
    assert ratio(np.array([1.0, 1.0, 1.0])) == 3.0
    assert ratio(np.array([0.0, 2.0, 1.0])) == 5.0
    assert np.isnan(ratio(np.array([0.0, 0.0, 3.0])))


def test_a_ratio_by_parts():
    part = np.array([0, 1, 1])
    ratio = UserRatio.of_sums(
        np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]), 2, part=part
    )
    assert ratio(np.array([1.0, 1.0])).tolist() == [1.0, 4.0]
    assert ratio(np.array([1.0, 3.0])).tolist() == [1.0, 4.5]


# All of it.


def test_it_agrees_with_the_metrics(evaluation):
    metrics, details = evaluation
    slices = {each["name"]: each for each in details["slices"]}
    assert details["rows"] == metrics["rows"] == 400
    assert details["users"] == 100
    assert details["logloss"]["value"] == pytest.approx(metrics["logloss"], 1e-12)
    assert details["ne"]["value"] == pytest.approx(metrics["ne"], 1e-12)
    assert slices["all rows"]["auc"] == metrics["auc"]
    assert slices["all rows"]["auc_interval"] == metrics["auc_interval"]
    assert slices["warm target"]["auc"] == metrics["auc_warm_items"]
    assert slices["cold target"]["pairs"] == metrics["clean_cold_pairs"]
    assert slices["cold target"]["pair_auc"] == metrics["auc_clean_cold"]
    low, high = slices["cold target"]["pair_auc_interval"]
    assert low < slices["cold target"]["pair_auc"] < high


def test_calibration_bins_are_those_of_the_error(details):
    split = make_split()
    bins = details["calibration"]
    assert sum(each["rows"] for each in bins) == 400
    # Probabilities at the clipped end are ties, which the error shares out.
    distinct = np.unique(split.probabilities).size
    gaps = [
        each["rows"] * abs(each["click_rate"] - each["mean_probability"])
        for each in bins
    ]
    error = expected_calibration_error(split.labels, split.probabilities, 15)
    assert sum(gaps) / 400 == pytest.approx(error, abs=(400 - distinct) / 400 + 1e-12)
    for each in bins:
        low, high = each["interval"]
        assert low <= each["click_rate"] <= high
        assert each["lowest"] <= each["mean_probability"] <= each["highest"]


def test_bins_without_ties_give_the_error_exactly(train, vectors):
    split = make_split()
    spread = (np.argsort(np.argsort(split.probabilities)) + 1) / 401
    split = dataclasses.replace(split, probabilities=spread)
    bins = details_of(split, train, vectors, PARAMS)["calibration"]
    assert len(bins) == 15
    gaps = [
        each["rows"] * abs(each["click_rate"] - each["mean_probability"])
        for each in bins
    ]
    error = expected_calibration_error(split.labels, spread, 15)
    assert sum(gaps) / 400 == pytest.approx(error, abs=1e-12)


def test_the_roc_lies_in_its_band_over_the_auc(details):
    roc = details["roc"]
    split = make_split()
    area = np.trapezoid(roc["true_positive_rate"], roc["false_positive_rate"])
    assert area == pytest.approx(
        roc_auc_score(split.labels, split.probabilities), abs=0.01
    )
    for low, rate, high in zip(
        roc["low"], roc["true_positive_rate"], roc["high"], strict=True
    ):
        assert low - 0.05 <= rate <= high + 0.05
    assert roc["true_positive_rate"][-1] == 1
    assert set(roc["baselines"]) == {
        "item_only", "popularity", "last_title_similarity", "max_title_similarity",
        "boosted_trees",
    }  # fmt: skip


def test_slices_of_a_kind_share_out_the_rows(details):
    for kind in ("target", "history", "popularity"):
        rows = [each["rows"] for each in details["slices"] if each["kind"] == kind]
        assert sum(rows) == 400
    popular = [
        each["name"] for each in details["slices"] if each["kind"] == "popularity"
    ]
    assert popular[0].startswith("0")


def test_a_slice_has_the_auc_of_its_rows(details):
    split = make_split()
    lengths = np.diff(split.offsets)
    rows = (lengths >= 4) & (lengths <= 7)
    (found,) = [
        each
        for each in details["slices"]
        if (each["kind"], each["name"]) == ("history", "4 to 7")
    ]
    assert found["rows"] == rows.sum()
    assert found["auc"] == auc(split.labels[rows], split.probabilities[rows])
    assert found["clicks"] == split.labels[rows].sum()
    assert found["users"] == len(set(split.users[rows]))


def test_a_spread_over_one_user_is_not_known(train, vectors):
    found = details_of(make_split(1), train, vectors, PARAMS)
    assert found["logloss"]["interval"] is None
    assert found["calibration"][0]["interval"] is None
    assert set(found["roc"]["low"]) == {None}
    assert all(each["auc_interval"] is None for each in found["slices"])
    json.dumps(found, allow_nan=False)


def test_one_class_leaves_measures_undefined(train, vectors):
    split = dataclasses.replace(make_split(), labels=np.zeros(400, int))
    found = details_of(split, train, vectors, PARAMS)
    assert found["ne"] == {"value": None, "interval": None}
    assert set(found["roc"]["true_positive_rate"]) == {None}
    assert found["slices"][0]["auc"] is None
    json.dumps(found, allow_nan=False)


def test_without_titles_their_baselines_have_no_curve(train):
    nothing = np.zeros((N_ITEMS, 0), np.float32)
    found = details_of(make_split(), train, nothing, PARAMS)
    assert found["roc"]["baselines"]["max_title_similarity"] is None
    assert found["roc"]["baselines"]["popularity"] is not None


def test_it_is_ready_for_json_and_the_same_again(details, train, vectors):
    again = details_of(make_split(), train, vectors, PARAMS)
    assert json.dumps(details, allow_nan=False) == json.dumps(again)


def test_wrong_rows_are_named(train, vectors):
    split = make_split()
    wrong = split.probabilities.copy()
    wrong[7] = 1.5
    with pytest.raises(ValueError, match="probabilities, row 7"):
        details_of(
            dataclasses.replace(split, probabilities=wrong), train, vectors, PARAMS
        )
