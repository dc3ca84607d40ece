"""Scores of the same rows beside each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.evaluation import EvaluationParams
from mmctr.evaluation.metrics import gauc, logloss
from mmctr.evaluation.paired import COMPARED, compare_paired
from mmctr.evaluation.resampling import UserRows

PARAMS = EvaluationParams(resamples=200, seed=3)


def log_of(users: int, seed: int) -> tuple[UserRows, np.ndarray]:
    """Two groups per user, of a click and three others, and the users' base rates."""
    rng = np.random.default_rng(seed)
    labels = np.tile([1, 0, 0, 0], 2 * users)
    base = np.repeat(rng.uniform(0.1, 0.6, users), 8)
    owners = np.repeat(np.arange(users), 8)
    return UserRows.of(labels, np.repeat(np.arange(2 * users), 4), owners), base


def scores_of(rows: UserRows, base: np.ndarray, signal: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 0.2, len(base))
    return base + signal * rows.labels + noise


def test_values_are_the_measures_and_the_better_one_is_clear():
    rows, base = log_of(100, seed=0)
    better, worse = scores_of(rows, base, 0.15, 1), scores_of(rows, base, 0.0, 2)
    found = compare_paired(rows, better, {"x": worse}, PARAMS)["x"]
    assert list(found) == list(COMPARED)
    assert found["gauc"].value == pytest.approx(gauc(rows.labels, better, rows.groups))
    assert found["logloss"].other == pytest.approx(logloss(rows.labels, worse))
    for each in found.values():
        assert each.delta == pytest.approx(each.value - each.other)
        assert each.interval[0] <= each.delta <= each.interval[1]
    assert found["gauc"].is_clear
    assert found["gauc"].delta > 0 > found["logloss"].delta


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_the_other_way_round_everything_has_the_other_sign(seed):
    rows, base = log_of(10, seed)
    one, other = scores_of(rows, base, 0.1, seed), scores_of(rows, base, 0, seed + 1)
    there = compare_paired(rows, one, {"x": other}, PARAMS)["x"]
    back = compare_paired(rows, other, {"x": one}, PARAMS)["x"]
    for name in COMPARED:
        assert there[name].delta == -back[name].delta
        low, high = back[name].interval
        assert there[name].interval == pytest.approx([-high, -low])


def test_what_users_have_in_common_cancels():
    """Far narrower than the two intervals by themselves."""
    rows, base = log_of(60, seed=5)
    scores = scores_of(rows, base, 0.1, 1)
    found = compare_paired(rows, scores, {"same": scores.copy()}, PARAMS)["same"]
    assert all(each.interval == [0, 0] for each in found.values())
    assert not any(each.is_clear for each in found.values())


def test_what_is_undefined_is_none():
    rows = UserRows.of([1, 1], [0, 1], [0, 1])
    scores = np.array([0.5, 0.6])
    found = compare_paired(rows, scores, {"x": scores}, PARAMS)["x"]
    assert (found["auc"].delta, found["auc"].interval) == (None, None)
    assert found["logloss"].delta == 0


def test_logits_are_refused():
    rows, base = log_of(4, seed=1)
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        compare_paired(rows, base, {"x": base - 1}, PARAMS)
