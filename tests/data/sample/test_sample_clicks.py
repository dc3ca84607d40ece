"""Histories and slates follow their laws, and the best score is the best."""

import numpy as np
import pyarrow as pa
import pytest
from dense_laws import dense_best_scores, enumerate_slates
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.data.sample import clicks
from mmctr.data.sample.clicks import (
    draw_lengths,
    draw_slates,
    pad_histories,
)
from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.world import build_world
from mmctr.evaluation import auc

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


@pytest.fixture(scope="module")
def histories(slates):
    return pad_histories(slates.history, np.arange(N_USERS))


def test_lengths_are_skewed_like_the_challenge():
    lengths = draw_lengths(20_000, 100, np.random.default_rng(0))
    assert lengths.min() == 3
    assert lengths.max() == 100
    assert np.median(lengths) == 6
    assert lengths.mean() == pytest.approx(8, abs=0.5)


def test_histories_are_left_padded_and_hold_an_item_once(histories):
    real = histories > 0
    lengths = real.sum(axis=1)
    assert histories.shape == (N_USERS, 100)
    assert lengths.min() == 3
    assert lengths.max() == 40
    columns = np.arange(100)
    np.testing.assert_array_equal(real, columns >= 100 - lengths[:, None])
    for row in histories[:500]:
        items = row[row > 0]
        assert len(set(items)) == len(items)


def test_a_slate_has_one_positive_and_four_unseen_different_items(slates, histories):
    np.testing.assert_array_equal(slates.label.sum(axis=1), 1)
    ordered = np.sort(slates.item, axis=1)
    assert (ordered[:, 1:] != ordered[:, :-1]).all()
    assert not (slates.item[:, :, None] == histories[:, None, :]).any()
    assert slates.item.min() >= 1
    assert slates.item.max() <= 200


def test_the_place_of_the_positive_says_nothing(slates):
    places = np.bincount(slates.label.argmax(axis=1), minlength=4)
    assert places.min() > 0.22 * N_USERS


def test_blocks_of_users_differ_and_are_put_together(monkeypatch, world, params):
    monkeypatch.setattr(clicks, "BLOCK", 64)
    allowed = ~world.cold
    drawn = draw_slates(world, 150, allowed, params, np.random.default_rng(5))
    again = draw_slates(world, 150, allowed, params, np.random.default_rng(5))
    assert len(drawn) == len(drawn.history) == len(drawn.best_score) == 150
    np.testing.assert_array_equal(drawn.item, again.item)
    assert drawn.history.equals(again.history)
    assert (drawn.item[:64] != drawn.item[64:128]).mean() > 0.9
    seen = np.unique(np.concatenate([drawn.history.flatten(), drawn.item.ravel()]))
    assert not world.cold[seen - 1].any()


def test_padded_histories_keep_their_rows():
    lists = pa.array([[1], [2, 3], [4, 5, 6, 7]], pa.large_list(pa.int32()))
    padded = pad_histories(lists, np.array([2, 0, 1]))
    assert padded.shape == (3, 100)
    assert [row[row > 0].tolist() for row in padded] == [[4, 5, 6, 7], [1], [2, 3]]
    assert not padded[:, 0].any()


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


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 7))
def test_best_scores_equal_enumeration(seed, n_items):
    rng = np.random.default_rng(seed)
    click, negative = rng.dirichlet(np.full(n_items, 0.7), 2) + 1e-3
    click, negative = click / click.sum(), negative / negative.sum()
    items = np.arange(n_items)[None]
    positive, other = enumerate_slates(click, negative)
    np.testing.assert_allclose(
        dense_best_scores(click[None], negative[None], items)[0],
        positive / (positive + other),
        rtol=1e-6,
    )


def test_best_scores_approach_p_over_p_plus_3q_where_items_are_many():
    rng = np.random.default_rng(0)
    click, negative = rng.dirichlet(np.full(5000, 5.0), (2, 1))
    items = np.arange(100)[None]
    p, q = click[0, :100], negative[0, :100]
    np.testing.assert_allclose(
        dense_best_scores(click, negative, items)[0], p / (p + 3 * q), rtol=2e-3
    )
