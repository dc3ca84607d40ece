"""The report of one split."""

import dataclasses
import json

import numpy as np
import pytest
from pydantic import ValidationError
from score_intervals import paired_intervals

from mmctr.evaluation import (
    EvaluatedRows,
    EvaluationParams,
    TrainRows,
    auc,
    evaluate,
    gauc,
    logloss,
    percentile_interval,
)
from mmctr.evaluation.metrics import row_losses
from mmctr.evaluation.report import baseline_scores
from mmctr.evaluation.resampling import user_draws
from mmctr.evaluation.top_k import TOP_MEASURES

N_ITEMS = 60
SEEN_ITEMS = 45
PARAMS = EvaluationParams(resamples=60, min_clean_cold_pairs=10, seed=3)
KEYS = [
    "rows",
    "weighted",
    "groups",
    "groups_of_both_labels",
    "auc",
    "auc_interval",
    "gauc",
    "gauc_interval",
    "logloss",
    "logloss_interval",
    *("groups_at_5", "groups_at_10"),
    *(f"{name}{end}" for name in TOP_MEASURES for end in ("", "_interval")),
    "ne",
    "ece",
    "ece_if_calibrated",
    "calibration_slope",
    "calibration_intercept",
    "raw",
    "auc_warm_items",
    "auc_clean_cold",
    "clean_cold_pairs",
    "baselines",
]
BASELINES = [
    "item_only",
    "popularity",
    "last_title_similarity",
    "max_title_similarity",
    "boosted_trees",
]
BEST = ("auc", "gauc", "logloss")
PROBABILITIES = ["item_only", "boosted_trees"]
"""Those that have a logloss."""


@pytest.fixture(scope="module")
def train():
    """Train rows over the first 45 of 60 items."""
    rng = np.random.default_rng(0)
    return TrainRows(
        items=rng.integers(1, SEEN_ITEMS, 500),
        labels=rng.integers(0, 2, 500),
        history=rng.integers(1, SEEN_ITEMS + 1, 900),
    )


@pytest.fixture(scope="module")
def vectors():
    """Title vectors ``[60, 4]``."""
    drawn = np.random.default_rng(1).normal(size=(N_ITEMS, 4)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def split():
    """100 users with four rows each and a model that knows something."""
    rng = np.random.default_rng(2)
    labels = np.tile([1, 0, 0, 0], 100)
    users = np.repeat([f"user {u}" for u in range(100)], 4).astype(object)
    lengths = rng.integers(0, 6, 400)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return EvaluatedRows(
        tree_probabilities=0.25 + 0.05 * labels + rng.uniform(-0.1, 0.1, 400),
        labels=labels,
        probabilities=np.clip(
            0.25 + 0.2 * (labels - 0.25) + rng.normal(scale=0.1, size=400), 0.01, 0.99
        ).astype(np.float32),
        raw_probabilities=np.linspace(0.01, 0.99, 400),
        users=users,
        groups=users,
        items=rng.integers(1, N_ITEMS + 1, 400),
        history=rng.integers(1, N_ITEMS + 1, offsets[-1]),
        offsets=offsets,
    )


@pytest.fixture(scope="module")
def report(split, train, vectors):
    return metrics_of(split, train, vectors, PARAMS)


def metrics_of(*arguments, **options):
    return evaluate(*arguments, **options).metrics


def leaves(value):
    """All values that are not containers."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for entry in value for leaf in leaves(entry)]
    return [value]


def test_report_has_the_fixed_keys_and_plain_values(report):
    assert list(report) == KEYS
    assert list(report["baselines"]) == BASELINES
    for baseline in report["baselines"].values():
        assert set(baseline) == {
            *(f"{x}{end}" for x in BEST for end in ("", "_difference", "_detectable")),
            *(f"{x}{end}" for x in TOP_MEASURES for end in ("", "_difference")),
        }
    kinds = {type(leaf) for leaf in leaves(report)}
    assert kinds == {bool, int, float, type(None)}
    for name, baseline in report["baselines"].items():
        # Groups of four rows have no first five.
        missing = {
            key
            for key, value in baseline.items()
            if value is None and "_at_" not in key
        }
        losses = {"logloss", "logloss_difference", "logloss_detectable"}
        assert missing == (set() if name in PROBABILITIES else losses), name
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_report_says_what_the_single_measures_say(report, split, train, vectors):
    assert report["rows"] == 400
    assert report["auc"] == auc(split.labels, split.probabilities)
    assert report["auc_interval"][0] < report["auc"] < report["auc_interval"][1]
    assert report["gauc_interval"][0] < report["gauc"] < report["gauc_interval"][1]
    assert report["logloss"] == pytest.approx(
        logloss(split.labels, split.probabilities), 1e-12
    )
    low, high = report["logloss_interval"]
    assert low < report["logloss"] < high
    for name, scores in baseline_scores(split, train, vectors, PARAMS).items():
        baseline = report["baselines"][name]
        assert baseline["auc"] == auc(split.labels, scores)
        assert baseline["gauc"] == pytest.approx(
            gauc(split.labels, scores, split.groups), 1e-12
        )
        alone = paired_intervals(
            split.labels,
            split.probabilities,
            scores,
            split.groups,
            split.users,
            PARAMS,
        )
        assert baseline["auc_difference"] == pytest.approx(alone.auc)
        assert baseline["gauc_difference"] == pytest.approx(alone.gauc)
        assert baseline["gauc_difference"][0] > 0


def test_logloss_is_compared_on_the_same_resamples(report, split):
    """Model minus trees, user by user: below zero where the model is better."""
    losses = [
        row_losses(split.labels, scores.astype(np.float64))
        for scores in (split.probabilities, split.tree_probabilities)
    ]
    by_user = (losses[0] - losses[1]).reshape(100, 4).sum(axis=1)
    # The measures number the users in the order of their names.
    order = np.argsort([f"user {u}" for u in range(100)], kind="stable")
    drawn = [
        counts @ by_user[order] / (4 * counts.sum())
        for counts in user_draws(100, PARAMS)
    ]
    trees = report["baselines"]["boosted_trees"]
    assert trees["logloss"] == pytest.approx(losses[1].mean())
    assert trees["logloss_difference"] == pytest.approx(
        percentile_interval(np.array(drawn), PARAMS.confidence)
    )
    assert trees["logloss_difference"][1] < 0


def test_seen_before_stands_beside_the_others_where_asked(split, train, vectors):
    metrics, details = evaluate(split, train, vectors, PARAMS, repeats=True)
    assert sorted(metrics["baselines"]) == sorted([*BASELINES, "seen_before"])
    rows = range(len(split.items))
    seen = [
        split.items[row] in split.history[split.offsets[row] : split.offsets[row + 1]]
        for row in rows
    ]
    found = metrics["baselines"]["seen_before"]
    assert found["auc"] == auc(split.labels, np.array(seen, float))
    assert found["logloss"] is None
    assert "seen_before" in details["roc"]["baselines"]


def test_without_trees_their_baseline_is_null(split, train, vectors):
    alone = dataclasses.replace(split, tree_probabilities=None)
    assert (
        metrics_of(alone, train, vectors, PARAMS)["baselines"]["boosted_trees"] is None
    )


def test_warm_and_cold_parts_follow_train(report, split, train, vectors):
    cold = split.items > SEEN_ITEMS
    assert report["auc_warm_items"] == auc(
        split.labels[~cold], split.probabilities[~cold]
    )
    assert report["clean_cold_pairs"] >= 10
    assert 0 < report["auc_clean_cold"] <= 1
    pairs = report["clean_cold_pairs"]
    just_enough = PARAMS.model_copy(update={"min_clean_cold_pairs": pairs})
    strict = PARAMS.model_copy(update={"min_clean_cold_pairs": pairs + 1})
    enough = metrics_of(split, train, vectors, just_enough)
    withheld = metrics_of(split, train, vectors, strict)
    assert enough["auc_clean_cold"] == report["auc_clean_cold"]
    assert withheld["auc_clean_cold"] is None
    assert withheld["clean_cold_pairs"] == report["clean_cold_pairs"]


def test_permuting_rows_leaves_the_report(report, split, train, vectors):
    order = np.random.default_rng(4).permutation(400)
    pieces = np.split(split.history, split.offsets[1:-1])
    lengths = np.diff(split.offsets)[order]
    shuffled = EvaluatedRows(
        tree_probabilities=split.tree_probabilities[order],
        labels=split.labels[order],
        probabilities=split.probabilities[order],
        raw_probabilities=split.raw_probabilities[order],
        users=split.users[order],
        groups=split.groups[order],
        items=split.items[order],
        history=np.concatenate([pieces[row] for row in order]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
    )
    one = leaves(report)
    other = leaves(metrics_of(shuffled, train, vectors, PARAMS))
    assert one == pytest.approx(other)


def test_absent_titles_are_null(split, train, vectors):
    report = metrics_of(split, train, vectors[:, :0], PARAMS)
    assert report["baselines"]["last_title_similarity"] is None
    assert report["baselines"]["max_title_similarity"] is None
    assert report["baselines"]["item_only"]["gauc_difference"] is not None


def test_one_class_is_null_throughout(split, train, vectors):
    negatives = dataclasses.replace(split, labels=np.zeros(400, dtype=int))
    report = metrics_of(negatives, train, vectors, PARAMS)
    undefined = ["auc", "auc_interval", "gauc", "gauc_interval", "ne", "auc_warm_items"]
    assert all(report[key] is None for key in undefined)
    assert report["logloss"] > 0
    for baseline in report["baselines"].values():
        rankings = [key for key in baseline if "auc" in key]
        assert {baseline[key] for key in rankings} == {None}
    json.dumps(report, allow_nan=False)


def test_oracle_is_reported_only_where_it_is_known(report, split, train, vectors):
    assert "oracle_auc" not in report
    report = metrics_of(split, train, vectors, PARAMS, oracle_auc=np.float64(0.9))
    assert report["oracle_auc"] == 0.9 and type(report["oracle_auc"]) is float


def test_rows_that_do_not_fit_are_named(split, train, vectors):
    short = dataclasses.replace(split, items=split.items[1:])
    with pytest.raises(ValueError, match="items has shape"):
        metrics_of(short, train, vectors, PARAMS)
    logits = dataclasses.replace(split, probabilities=np.full(400, 2.5))
    with pytest.raises(ValueError, match="probabilities, row 0: 2.5"):
        metrics_of(logits, train, vectors, PARAMS)
    trees = dataclasses.replace(split, tree_probabilities=np.full(400, -0.5))
    with pytest.raises(ValueError, match="tree_probabilities, row 0: -0.5"):
        metrics_of(trees, train, vectors, PARAMS)


@pytest.mark.parametrize(
    ("field", "value"),
    [("confidence", 1.0), ("resamples", 0), ("prior_ctr", 2), ("resampels", 10)],
)
def test_wrong_parameters_are_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        EvaluationParams(seed=1, **{field: value})
    with pytest.raises(ValidationError, match="seed"):
        EvaluationParams()
