"""Histories and slates follow their laws, and the best score is the best."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.evaluation import auc
from mmctr.pipelines.sample.clicks import best_scores, draw_lengths, draw_slates
from mmctr.pipelines.sample.params import SampleParams
from mmctr.pipelines.sample.world import build_world, click_law, draw_tastes

N_USERS = 6000


@pytest.fixture(scope="module")
def params():
    return SampleParams(name="c", seed=0, n_items=200, n_topics=6, max_history=40)


@pytest.fixture(scope="module")
def world(params):
    return build_world(params, np.random.default_rng(3))


@pytest.fixture(scope="module")
def slates(world, params):
    allowed = np.ones(params.n_items, dtype=bool)
    return draw_slates(world, N_USERS, allowed, params, np.random.default_rng(5))


def test_lengths_are_skewed_like_the_challenge():
    lengths = draw_lengths(20_000, 100, np.random.default_rng(0))
    assert lengths.min() == 3
    assert lengths.max() == 100
    assert np.median(lengths) == 6
    assert lengths.mean() == pytest.approx(8, abs=0.5)


def test_histories_are_left_padded_and_hold_an_item_once(slates):
    real = slates.history > 0
    lengths = real.sum(axis=1)
    assert slates.history.shape == (N_USERS, 100)
    assert lengths.min() == 3
    assert lengths.max() == 40
    columns = np.arange(100)
    np.testing.assert_array_equal(real, columns >= 100 - lengths[:, None])
    for row in slates.history[:500]:
        items = row[row > 0]
        assert len(set(items)) == len(items)


def test_a_slate_has_one_positive_and_four_unseen_different_items(slates):
    np.testing.assert_array_equal(slates.label.sum(axis=1), 1)
    ordered = np.sort(slates.item, axis=1)
    assert (ordered[:, 1:] != ordered[:, :-1]).all()
    assert not (slates.item[:, :, None] == slates.history[:, None, :]).any()
    assert slates.item.min() >= 1
    assert slates.item.max() <= 200


def test_the_place_of_the_positive_says_nothing(slates):
    places = np.bincount(slates.label.argmax(axis=1), minlength=4)
    assert places.min() > 0.22 * N_USERS


def test_the_oldest_history_item_follows_the_click_law(world, params, slates):
    # Tastes are drawn first, so the same seed gives the tastes of these users.
    tastes = draw_tastes(world, N_USERS, params, np.random.default_rng(5))
    law = click_law(world, tastes, np.ones(200, dtype=bool), params)
    oldest = slates.history[np.arange(N_USERS), (slates.history > 0).argmax(axis=1)]
    seen = np.bincount(oldest - 1, minlength=200)
    expected, spread = law.sum(axis=0), np.sqrt((law * (1 - law)).sum(axis=0))
    assert (np.abs(seen - expected) <= 4.5 * spread + 1).all()


def test_the_best_score_is_calibrated(slates):
    scores, labels = slates.best_score.ravel(), slates.label.ravel()
    for rows in np.array_split(np.argsort(scores), 12):
        expected = scores[rows].sum()
        spread = np.sqrt((scores[rows] * (1 - scores[rows])).sum())
        assert abs(labels[rows].sum() - expected) < 4.5 * spread


def test_no_other_score_beats_the_best(world, slates):
    labels = slates.label.ravel()
    best, items = slates.best_score.ravel(), slates.item.ravel()
    ceiling = auc(labels, best)
    rng = np.random.default_rng(0)
    ratio = np.log(best / (1 - best))
    popularity = world.popularity[items - 1]
    rivals = {
        "click law alone": ratio + np.log(popularity),
        "quality": world.quality[items - 1],
        "popularity": popularity,
        "ratio with noise": ratio + 0.5 * rng.standard_normal(len(ratio)),
        "ratio against popularity": ratio - 0.5 * np.log(popularity),
    }
    for name, score in rivals.items():
        assert auc(labels, score) < ceiling - 0.005, name


def _enumerate_best_scores(click, negative):
    """P(positive | item) by going through every slate of four different items."""
    positive, other = np.zeros(len(click)), np.zeros(len(click))
    for slate in permutations(range(len(click)), 4):
        chance = click[slate[0]] * np.prod(negative[list(slate[1:])])
        positive[slate[0]] += chance
        for item in slate[1:]:
            other[item] += chance
    return positive / (positive + other)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 7))
def test_best_scores_equal_enumeration(seed, n_items):
    rng = np.random.default_rng(seed)
    click, negative = rng.dirichlet(np.full(n_items, 0.7), 2) + 1e-3
    click, negative = click / click.sum(), negative / negative.sum()
    items = np.arange(n_items)[None]
    np.testing.assert_allclose(
        best_scores(click[None], negative[None], items)[0],
        _enumerate_best_scores(click, negative),
        rtol=1e-6,
    )


def test_best_scores_approach_p_over_p_plus_3q_where_items_are_many():
    rng = np.random.default_rng(0)
    click, negative = rng.dirichlet(np.full(5000, 5.0), (2, 1))
    items = np.arange(100)[None]
    p, q = click[0, :100], negative[0, :100]
    np.testing.assert_allclose(
        best_scores(click, negative, items)[0], p / (p + 3 * q), rtol=2e-3
    )
