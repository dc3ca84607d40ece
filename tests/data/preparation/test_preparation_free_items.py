"""Who knows nearly every item draws the others by their weights, and quickly."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from small_logs import DAY, as_positives

from mmctr.data.preparation.free_items import FreeItems

CLICKS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(1, 9)),
    min_size=1,
    max_size=40,
)


def positives_of(clicks):
    """Triples (day, user, item) in time order."""
    days, users, items = np.array(sorted(set(clicks))).T
    return as_positives(users, items, days * DAY)


@given(CLICKS, st.lists(st.integers(1, 12), min_size=1, max_size=30), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_every_unknown_item_is_drawn_and_no_known_one(clicks, pool, seed):
    positives = positives_of(clicks)
    every = np.arange(len(positives))
    distinct = np.unique(pool)
    known = [
        set(
            distinct[
                positives.are_known(np.full(len(distinct), row), distinct)
            ].tolist()
        )
        for row in every
    ]
    rows = np.array([row for row in every if len(known[row]) < len(distinct)], int)
    if not rows.size:
        return
    free = FreeItems(np.array(pool), np.ones(len(pool)), positives, rows)
    places = np.repeat(np.arange(len(rows)), 400)
    drawn = free.draw(places, np.random.default_rng(seed)).reshape(len(rows), 400)
    for row, found in zip(rows, drawn, strict=True):
        assert set(found.tolist()) == set(distinct.tolist()) - known[row]


def test_free_items_are_drawn_by_their_weights():
    """Between, before and after what is known, for two users at once."""
    clicks = [(0, 0, item) for item in (2, 3, 5, 8)] + [(1, 0, 11)]
    clicks += [(0, 1, item) for item in (1, 9, 10)] + [(1, 1, 12)]
    positives = positives_of(clicks)
    rows = np.flatnonzero(positives.timestamps == DAY)
    pool = np.repeat(np.arange(1, 13), 2)
    weights = np.random.default_rng(0).uniform(0.1, 5, len(pool))
    weights[pool == 3] = 1e4
    free = FreeItems(pool, weights, positives, rows)
    n_draws = 20_000
    for place, known in enumerate(({2, 3, 5, 8, 11}, {1, 9, 10, 12})):
        drawn = free.draw(np.full(n_draws, place), np.random.default_rng(place))
        items = [item for item in range(1, 13) if item not in known]
        seen = np.bincount(drawn, minlength=13)
        assert seen[items].sum() == n_draws
        expected = np.array([weights[pool == item].sum() for item in items])
        expected *= n_draws / expected.sum()
        # Chi-square needs a few of each.
        often = expected > 5
        rest = [n_draws - seen[items][often].sum()]
        found = np.concatenate([seen[items][often], rest])
        wanted = np.concatenate([expected[often], [expected[~often].sum()]])
        keep = wanted > 0
        assert chisquare(found[keep], wanted[keep]).pvalue > 0.001


def test_clicks_of_one_time_share_what_they_know():
    """Of 20,000 clicks at once, each knows all: a copy for each would not fit."""
    n = 20_000
    positives = positives_of([(0, 0, item) for item in range(1, n + 1)])
    pool = np.arange(1, n + 3)
    free = FreeItems(pool, np.ones(n + 2), positives, np.arange(n))
    drawn = free.draw(np.arange(n), np.random.default_rng(0))
    assert set(drawn.tolist()) == {n + 1, n + 2}
