"""The planted world: what items are, how popular, and what users like."""

from dataclasses import dataclass

import numpy as np

from mmctr.pipelines.sample.params import SampleParams
from mmctr.pipelines.sample.vocabulary import STYLE_PATTERNS

N_STYLES = len(STYLE_PATTERNS)

# The most viewed items are never the cold ones: new items have had no time for it.
NEVER_COLD_SHARE = 0.05


@dataclass(frozen=True)
class World:
    """The truth about all items; item ``i`` of the files is row ``i - 1``.

    Attributes:
        popularity: ``[n_items]`` float64, sums to 1; the law of the negatives.
        topic: ``[n_items]`` int64.
        style: ``[n_items]`` int64.
        quality: ``[n_items]`` float64, standard normal.
        cold: ``[n_items]`` bool, items that no train row may hold.
        companion: ``[n_topics]`` int64, the topic that those who like a topic like too.
            One cycle through all topics, so the relation is never mutual.
    """

    popularity: np.ndarray
    topic: np.ndarray
    style: np.ndarray
    quality: np.ndarray
    cold: np.ndarray
    companion: np.ndarray


@dataclass(frozen=True)
class Tastes:
    """What users like: ``topic [n_users, n_topics]``, ``style [n_users, n_styles]``.

    Rows sum to 1, float64.
    """

    topic: np.ndarray
    style: np.ndarray


def build_world(params: SampleParams, rng: np.random.Generator) -> World:
    """Draw the items.

    Args:
        params: Sizes and laws.
        rng: Source of all randomness.

    Returns:
        The items; topics and styles are equally frequent and independent of popularity.
    """
    n_items = params.n_items
    rank = rng.permutation(n_items)
    popularity = (rank + 1.0) ** -params.zipf_exponent
    may_be_cold = np.flatnonzero(rank >= NEVER_COLD_SHARE * n_items)
    cold = np.zeros(n_items, dtype=bool)
    cold[rng.choice(may_be_cold, params.n_cold_items, replace=False)] = True
    cycle = rng.permutation(params.n_topics)
    companion = np.empty_like(cycle)
    companion[cycle] = np.roll(cycle, -1)
    return World(
        popularity=popularity / popularity.sum(),
        topic=rng.permutation(np.arange(n_items) % params.n_topics),
        style=rng.integers(0, N_STYLES, n_items),
        quality=rng.standard_normal(n_items),
        cold=cold,
        companion=companion,
    )


def draw_tastes(
    world: World, n_users: int, params: SampleParams, rng: np.random.Generator
) -> Tastes:
    """Draw users: one or two topics each, their companions, a leaning to styles.

    Args:
        world: The items.
        n_users: How many users.
        params: The Dirichlet laws and the companions' share.
        rng: Source of all randomness.

    Returns:
        One row a user.
    """
    interest = rng.dirichlet(
        np.full(params.n_topics, params.topic_concentration), n_users
    )
    topic = (1 - params.companion_share) * interest
    topic[:, world.companion] += params.companion_share * interest
    style = rng.dirichlet(np.full(N_STYLES, params.style_concentration), n_users)
    return Tastes(topic=topic, style=style)


def click_law(
    world: World, tastes: Tastes, allowed: np.ndarray, params: SampleParams
) -> np.ndarray:
    """Give the probability p(i|u) that a user's next click is an item.

    Popularity times quality times affinity, normalised over the allowed items. The
    affinity is 1 on average: topic and style taste relative to a user without taste.

    Args:
        world: The items.
        tastes: One row a user.
        allowed: ``[n_items]`` bool, items that can be clicked.
        params: Sharpness, floor and strength of quality.

    Returns:
        ``[n_users, n_items]`` float64; rows sum to 1, zero where not allowed.
    """
    n_topics = len(world.companion)
    affinity = n_topics * N_STYLES * tastes.topic[:, world.topic]
    affinity *= tastes.style[:, world.style]
    affinity = (params.affinity_floor + affinity) ** params.sharpness
    appeal = world.popularity * np.exp(params.quality_strength * world.quality)
    law = affinity * np.where(allowed, appeal, 0.0)
    return law / law.sum(axis=1, keepdims=True)
