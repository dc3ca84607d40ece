"""The planted world: popularity, companions, tastes and the click law."""

import numpy as np
import pytest
from dense_laws import click_law

from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.world import (
    LEANINGS,
    N_LOOKS,
    N_STYLES,
    Tastes,
    build_world,
    draw_tastes,
)


@pytest.fixture
def params():
    return SampleParams(name="w", seed=0, n_items=400, n_topics=8)


@pytest.fixture
def world(params):
    return build_world(params, np.random.default_rng(3))


def test_popularity_is_a_zipf_law(world, params):
    ordered = np.sort(world.popularity)[::-1]
    assert ordered.sum() == pytest.approx(1)
    rank = np.arange(1, params.n_items + 1)
    slope = np.polyfit(np.log(rank), np.log(ordered), 1)[0]
    assert slope == pytest.approx(-params.zipf_exponent)


def test_topics_are_equally_frequent(world):
    assert np.ptp(np.bincount(world.topic, minlength=8)) <= 1


def test_cold_items_are_counted_and_never_the_most_viewed(world, params):
    assert world.cold.sum() == params.n_cold_items
    top = np.argsort(-world.popularity)[:20]
    assert not world.cold[top].any()


@pytest.mark.parametrize("seed", range(5))
def test_companions_form_one_cycle_so_liking_is_not_mutual(params, seed):
    companion = build_world(params, np.random.default_rng(seed)).companion
    visited, topic = [], 0
    for _ in companion:
        topic = companion[topic]
        visited.append(topic)
    assert sorted(visited) == list(range(len(companion)))


def test_tastes_are_laws_and_reach_the_companion(world, params):
    tastes = draw_tastes(world, 50, params, np.random.default_rng(1))
    np.testing.assert_allclose(tastes.topic.sum(axis=1), 1)
    np.testing.assert_allclose(tastes.style.sum(axis=1), 1)
    np.testing.assert_allclose(tastes.look.sum(axis=1), 1)
    favourite = tastes.topic.argmax(axis=1)
    liked = tastes.topic[np.arange(50), favourite]
    spilled = tastes.topic[np.arange(50), world.companion[favourite]]
    # Half goes to the companion: the favourite is the source of its companion's share,
    # or a companion itself with the source as large.
    source = tastes.topic[np.arange(50), np.argsort(world.companion)[favourite]]
    assert (np.maximum(spilled, source) >= 0.9 * liked * params.companion_share).all()


def test_click_law_is_popularity_times_merit_times_leaning_times_affinity(
    world, params
):
    topic = np.zeros((1, 8))
    topic[0, [2, 5]] = 0.75, 0.25
    style, look = np.array([[0.4, 0.3, 0.2, 0.1]]), np.array([[0.1, 0.1, 0.1, 0.7]])
    away_from_the_popular = np.array([0])
    tastes = Tastes(topic, style, look, away_from_the_popular)
    allowed = ~world.cold
    law = click_law(world, tastes, allowed, params)[0]
    assert law.sum() == pytest.approx(1)
    assert (law[world.cold] == 0).all()
    taste = topic[0, world.topic] * style[0, world.style] * look[0, world.look]
    affinity = 8 * N_STYLES * N_LOOKS * taste
    expected = (affinity + params.affinity_floor) ** params.sharpness
    fame = np.log(world.popularity)
    fame = (fame - fame.mean()) / fame.std()
    expected *= np.exp(-params.leaning_strength * fame)
    expected *= np.exp(params.quality_strength * world.quality)
    expected *= np.exp(params.charm_strength * world.charm)
    expected *= world.popularity * allowed
    np.testing.assert_allclose(law, expected / expected.sum())


def test_a_kind_is_one_topic_style_and_look(world):
    facets = np.column_stack([world.topic, world.style, world.look])
    different = np.unique(facets, axis=0)
    assert len(np.unique(world.kind)) == len(different)
    assert len(np.unique(np.column_stack([facets, world.kind]), axis=0)) == len(
        different
    )
    assert world.kind.max() < 8 * N_STYLES * N_LOOKS


def test_users_lean_to_the_popular_away_from_it_and_neither(world, params):
    leaning = draw_tastes(world, 6000, params, np.random.default_rng(1)).leaning
    share = np.bincount(leaning) / 6000
    np.testing.assert_allclose(share, 1 / 3, atol=0.03)
    assert LEANINGS == (-1.0, 0.0, 1.0)


def test_with_nothing_to_like_clicks_follow_popularity(world, params):
    bland = params.model_copy(
        update={
            "sharpness": 0.0,
            "quality_strength": 0.0,
            "charm_strength": 0.0,
            "leaning_strength": 0.0,
        }
    )
    tastes = draw_tastes(world, 3, bland, np.random.default_rng(1))
    law = click_law(world, tastes, np.ones(400, dtype=bool), bland)
    np.testing.assert_allclose(law, np.tile(world.popularity, (3, 1)))


def test_all_equally_popular_items_leave_nothing_to_lean_to(params):
    flat = params.model_copy(update={"zipf_exponent": 0.0})
    world = build_world(flat, np.random.default_rng(3))
    tastes = draw_tastes(world, 3, flat, np.random.default_rng(1))
    assert np.isfinite(click_law(world, tastes, ~world.cold, flat)).all()
