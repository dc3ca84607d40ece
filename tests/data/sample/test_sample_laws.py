"""Draws by kind and item follow the dense click law, and so do the sums."""

from dataclasses import replace

import numpy as np
import pytest
from dense_laws import click_law, dense_best_scores, dense_open_laws, enumerate_slates
from scipy.stats import chisquare

from mmctr.data.sample import draws
from mmctr.data.sample.clicks import best_scores
from mmctr.data.sample.draws import draw_different, draw_histories
from mmctr.data.sample.laws import ItemLaws, UserLaws
from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.world import Tastes, build_world, draw_tastes

N_DRAWS = 60_000


@pytest.fixture(scope="module")
def params():
    return SampleParams(name="c", seed=0, n_items=120, n_topics=4, max_history=40)


@pytest.fixture(scope="module")
def world(params):
    return build_world(params, np.random.default_rng(3))


@pytest.fixture(scope="module")
def tastes(world, params):
    """Users of all leanings."""
    drawn = draw_tastes(world, 6, params, np.random.default_rng(5))
    return replace(drawn, leaning=np.array([0, 1, 2, 0, 1, 2]))


def _user_laws(world, tastes, allowed, params):
    items = ItemLaws(world, allowed, params)
    return items, UserLaws(items, world, tastes, params)


def _copies(tastes, user, n):
    rows = np.full(n, user)
    return Tastes(
        tastes.topic[rows], tastes.style[rows], tastes.look[rows], tastes.leaning[rows]
    )


def _assert_frequencies(drawn, law):
    """What cannot be is never drawn, and a chi-square test does not reject the law."""
    counts, expected = np.bincount(drawn, minlength=len(law)), len(drawn) * law
    assert not counts[law == 0].any()
    rare = expected < 10
    pooled = [np.append(x[~rare], x[rare].sum()) for x in (counts, expected)]
    kept = pooled[1] > 0
    assert chisquare(pooled[0][kept], pooled[1][kept]).pvalue > 1e-4


@pytest.mark.parametrize("without_cold", [False, True])
def test_clicks_follow_the_dense_law(world, tastes, params, without_cold):
    allowed = ~world.cold if without_cold else np.ones(params.n_items, bool)
    _, laws = _user_laws(world, tastes, allowed, params)
    dense = click_law(world, tastes, allowed, params)
    rng = np.random.default_rng(7)
    for user in range(6):
        _assert_frequencies(laws.draw(np.full(N_DRAWS, user), rng), dense[user])


def test_negatives_follow_popularity(world, params):
    items = ItemLaws(world, ~world.cold, params)
    popularity = np.where(world.cold, 0.0, world.popularity)
    drawn = items.draw_negatives(N_DRAWS, np.random.default_rng(7))
    _assert_frequencies(drawn, popularity / popularity.sum())


def test_a_draw_at_the_very_end_stays_with_its_user_and_kind(world, tastes, params):
    class Last:
        def random(self, n):
            return np.full(n, np.nextafter(1.0, 0.0))

    _, laws = _user_laws(world, tastes, ~world.cold, params)
    drawn = laws.draw(np.arange(6), Last())
    last_kind = world.kind[~world.cold].max()
    np.testing.assert_array_equal(world.kind[drawn], last_kind)
    assert not world.cold[drawn].any()


def test_weights_are_the_dense_law_unnormalised(world, tastes, params):
    _, laws = _user_laws(world, tastes, ~world.cold, params)
    user, item = np.indices((6, params.n_items)).reshape(2, -1)
    weights = laws.weigh(user, item).reshape(6, -1)
    np.testing.assert_allclose(
        weights / weights.sum(axis=1, keepdims=True),
        click_law(world, tastes, ~world.cold, params),
        rtol=1e-12,
    )


def test_histories_are_draws_without_replacement(world, tastes, params):
    """The first three items have the frequencies of successive sampling."""
    allowed = np.ones(params.n_items, bool)
    law = click_law(world, tastes, allowed, params)[2]
    _, laws = _user_laws(world, _copies(tastes, 2, N_DRAWS), allowed, params)
    lengths = np.full(N_DRAWS, 3)
    drawn = draw_histories(laws, lengths, np.random.default_rng(9))
    # P(i, j) = p(i) p(j) / (1 - p(i)), and so on for the third.
    pairs = law[:, None] * law[None, :] / (1 - law)[:, None]
    np.fill_diagonal(pairs, 0.0)
    left = 1 - law[:, None] - law[None, :]
    third = ((pairs / left).sum() - (pairs / left).sum(0) - (pairs / left).sum(1)) * law
    for place, expected in enumerate((law, pairs.sum(axis=0), third)):
        _assert_frequencies(drawn[:, place], expected)


def test_histories_have_their_lengths_whatever_the_round(
    monkeypatch, world, tastes, params
):
    """Few draws a round, so that many rounds are needed."""
    monkeypatch.setattr(draws, "ROUND_DRAWS", 4)
    monkeypatch.setattr(draws, "MAX_ROUNDS", 100_000)
    lengths = np.array([3, 40, 5, 17, 4, 3])
    _, laws = _user_laws(world, tastes, ~world.cold, params)
    drawn = draw_histories(laws, lengths, np.random.default_rng(9))
    np.testing.assert_array_equal((drawn >= 0).sum(axis=1), lengths)
    for row, length in zip(drawn, lengths, strict=True):
        assert len(set(row[:length])) == length
        assert (row[length:] == -1).all()


def test_slates_follow_the_enumerated_law(world, tastes, params):
    """Seven open items: every slate of four can be gone through."""
    allowed = np.zeros(params.n_items, bool)
    allowed[:10] = True
    history = np.array([1, 4, 7])
    one = _copies(tastes, 4, 1)
    seen = np.isin(np.arange(params.n_items), history)[None]
    click, negative = dense_open_laws(world, one, allowed, seen, params)
    open_items = np.flatnonzero(negative[0])
    positive, other = enumerate_slates(click[0, open_items], negative[0, open_items])

    items, laws = _user_laws(world, _copies(tastes, 4, N_DRAWS), allowed, params)
    drawn = draw_different(
        items, laws, np.tile(history, (N_DRAWS, 1)), 3, np.random.default_rng(9)
    )
    places = np.searchsorted(open_items, drawn)
    np.testing.assert_array_equal(open_items[places], drawn)
    _assert_frequencies(places[:, 0], positive)
    for negative_place in (1, 2, 3):
        _assert_frequencies(places[:, negative_place], other / 3)


def test_laws_and_best_scores_equal_the_dense_ones(world, tastes, params):
    allowed = ~world.cold
    rng = np.random.default_rng(1)
    items, laws = _user_laws(world, tastes, allowed, params)
    lengths = np.array([3, 40, 5, 17, 4, 30])
    history = draw_histories(laws, lengths, rng)
    shown = draw_different(items, laws, history, 3, rng)
    is_real = history >= 0
    user = np.nonzero(is_real)[0]
    p, q, sums = laws.open_laws(user, history[is_real], shown)

    seen = np.zeros((6, params.n_items), bool)
    seen[user, history[is_real]] = True
    click, negative = dense_open_laws(world, tastes, allowed, seen, params)
    np.testing.assert_allclose(p, np.take_along_axis(click, shown, 1), rtol=1e-9)
    np.testing.assert_allclose(q, np.take_along_axis(negative, shown, 1), rtol=1e-9)
    np.testing.assert_allclose(
        best_scores(p, q, sums), dense_best_scores(click, negative, shown), atol=1e-9
    )


def test_what_cannot_be_drawn_is_an_error_and_no_endless_loop(
    monkeypatch, world, params
):
    """All of the taste lies on fewer items than the history shall hold."""
    narrow = params.model_copy(update={"affinity_floor": 1e-12, "sharpness": 9.0})
    tastes = Tastes(np.eye(4)[:1], np.eye(4)[:1], np.eye(4)[:1], np.zeros(1, int))
    monkeypatch.setattr(draws, "MAX_ROUNDS", 20)
    _, laws = _user_laws(world, tastes, np.ones(120, bool), narrow)
    with pytest.raises(ValueError, match=r"raise sample\.affinity_floor"):
        draw_histories(laws, np.array([40]), np.random.default_rng(0))
