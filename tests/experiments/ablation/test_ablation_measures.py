"""Differences of arms, their intervals and p-values, on scores that are made up."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from mmctr.evaluation import EvaluationParams, gauc, logloss
from mmctr.experiments.ablation.measures import (
    ReportedRows,
    compare_arms,
    compare_listed,
    mean_and_sd,
    mean_logits,
    measure_seeds,
    resample_arms,
)

PARAMS = EvaluationParams(seed=3, resamples=400)
USERS = 300


@pytest.fixture(scope="module")
def test_rows() -> ReportedRows:
    """Users of two groups of four rows each, one clicked; a fifth is cold."""
    n_rows = USERS * 8
    rng = np.random.default_rng(0)
    return ReportedRows(
        labels=(np.arange(n_rows) % 4 == 0).astype(int),
        users=np.arange(n_rows) // 8,
        groups=np.arange(n_rows) // 4,
        cold=rng.random(n_rows) < 0.2,
    )


def scores(rows: ReportedRows, strength: float, seeds=(0, 1), spread: float = 0.0):
    """Noise and a share of the label; each seed has a strength of its own."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        own = strength + spread * rng.normal()
        noise = rng.normal(size=len(rows.labels))
        found.append(1 / (1 + np.exp(-(own * rows.labels + noise))))
    return found


def resampled(rows, arms, *, resample_seeds=True, params=PARAMS):
    values = measure_seeds(rows, arms, 1)
    return resample_arms(rows, arms, values, params, resample_seeds=resample_seeds)


def compare(rows, arms, *, against=("none",), **how):
    return compare_arms(resampled(rows, arms, **how), against)


def test_a_better_arm_is_shown_and_an_equal_one_is_not(test_rows):
    arms = {
        "none": scores(test_rows, 0.3),
        "better": scores(test_rows, 1.0),
        "equal": scores(test_rows, 0.3, seeds=(7, 8)),
    }
    found = compare(test_rows, arms)["none"]
    better, equal = found["better"]["gauc"], found["equal"]["gauc"]
    assert 0 < better["low"] < better["delta"] < better["high"]
    assert equal["low"] < 0 < equal["high"]
    assert better["p_holm"] == pytest.approx(2 * 2 / 401)
    assert equal["p_holm"] == equal["p"] > 0.05
    assert 0 < better["detectable"] < 0.1
    own = {"delta": 0, "low": 0, "high": 0, "detectable": 0, "p": 1, "p_holm": 1}
    assert found["none"]["gauc"] == own


def test_a_difference_is_that_of_the_means_that_the_table_shows(test_rows):
    arms = {"none": scores(test_rows, 0.3), "other": scores(test_rows, 0.6)}
    found = compare(test_rows, arms)["none"]["other"]
    means = {
        name: np.mean([gauc(test_rows.labels, x, test_rows.groups) for x in each])
        for name, each in arms.items()
    }
    assert found["gauc"]["delta"] == pytest.approx(means["other"] - means["none"])


def test_a_better_arm_has_a_lower_logloss(test_rows):
    """Its difference is that of the means, and its interval lies below zero."""
    arms = {"none": scores(test_rows, 0.0), "better": scores(test_rows, 1.0)}
    found = compare(test_rows, arms)["none"]["better"]["logloss"]
    means = {
        name: np.mean([logloss(test_rows.labels, x) for x in each])
        for name, each in arms.items()
    }
    assert found["delta"] == pytest.approx(means["better"] - means["none"])
    assert found["low"] < found["delta"] < found["high"] < 0


def test_listed_pairs_agree_with_the_table_of_their_arms(test_rows):
    arms = {"none": scores(test_rows, 0.3), "other": scores(test_rows, 0.6)}
    measured = resampled(test_rows, arms)
    pairs = [("other", "none"), ("none", "other"), ("other", "absent")]
    there, back = compare_listed(measured, pairs)
    assert (there["arm"], there["other"]) == ("other", "none")
    in_table = compare_arms(measured, ["none"])["none"]["other"]
    for measure in ("gauc", "auc", "logloss"):
        assert there[measure].items() <= in_table[measure].items()
        assert back[measure]["delta"] == pytest.approx(-there[measure]["delta"])
        assert back[measure]["low"] == pytest.approx(-there[measure]["high"])


def test_a_mean_of_logits_is_between_its_models_and_survives_certainty():
    low, high = np.array([0.2, 0.0, 0.5]), np.array([0.8, 0.0, 0.9])
    mean = mean_logits([low, high])
    assert mean == pytest.approx([0.5, 0.0, 0.75], abs=1e-12)


def test_pairing_makes_the_interval_narrow(test_rows):
    """Of two arms with nearly the same scores, users' common luck cancels."""
    base = scores(test_rows, 0.5)
    near = [x + 1e-3 * np.random.default_rng(9).normal(size=len(x)) for x in base]
    arms = {"none": base, "near": near, "far": scores(test_rows, 0.5, seeds=(4, 5))}
    found = compare(test_rows, arms)["none"]
    widths = {
        arm: found[arm]["gauc"]["high"] - found[arm]["gauc"]["low"] for arm in arms
    }
    assert widths["near"] < 0.2 * widths["far"]


def test_intervals_over_seeds_are_wider_where_seeds_differ(test_rows):
    seeds = (0, 1, 2, 3)
    arms = {
        "none": scores(test_rows, 0.5, seeds),
        "shaky": scores(test_rows, 0.8, seeds, spread=0.4),
    }
    widths = []
    for resampled in (False, True):
        found = compare(test_rows, arms, resample_seeds=resampled)["none"]["shaky"]
        widths.append(found["gauc"]["high"] - found["gauc"]["low"])
    assert widths[1] > 1.3 * widths[0]


def test_one_seed_is_no_reason_to_fail(test_rows):
    arms = {"none": scores(test_rows, 0.3, [0]), "other": scores(test_rows, 0.6, [0])}
    found = compare(test_rows, arms, against=("none", "absent"))
    assert list(found) == ["none"]
    assert found["none"]["other"]["gauc"]["low"] is not None
    assert mean_and_sd([0.5]) == (0.5, None)
    assert mean_and_sd([0.5, None]) == (None, None)
    assert mean_and_sd([0.5, 0.7]) == (pytest.approx(0.6), pytest.approx(0.02**0.5))


def test_few_clean_cold_pairs_are_not_reported(test_rows):
    arms = {"none": scores(test_rows, 0.3)}
    assert measure_seeds(test_rows, arms, 10**6)["none"]["clean_cold"] == [None, None]
    assert None not in measure_seeds(test_rows, arms, 1)["none"]["clean_cold"]


def test_a_row_of_weight_n_counts_as_n_rows(test_rows):
    times = np.random.default_rng(5).integers(1, 4, len(test_rows.labels))
    weighted = replace(test_rows, weights=times.astype(np.float64))
    columns = asdict(test_rows)
    del columns["weights"]
    many = ReportedRows(**{name: np.repeat(x, times) for name, x in columns.items()})
    arms = {"none": scores(test_rows, 0.3), "other": scores(test_rows, 0.6)}
    of_many = {arm: [np.repeat(x, times) for x in found] for arm, found in arms.items()}
    values, expected = measure_seeds(weighted, arms, 1), measure_seeds(many, of_many, 1)
    assert values != measure_seeds(test_rows, arms, 1)
    for arm, metrics in expected.items():
        for name, found in metrics.items():
            assert values[arm][name] == pytest.approx(found)
    found, others = (
        compare(rows, each)["none"]["other"]
        for rows, each in ((weighted, arms), (many, of_many))
    )
    for name, judged in others.items():
        assert found[name] == pytest.approx(judged)
