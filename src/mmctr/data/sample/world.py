"""The planted world: what items are, how popular, and what users like."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.vocabulary import STYLE_PATTERNS

N_STYLES = len(STYLE_PATTERNS)
N_LOOKS = 4

# Users who avoid popular items, do not care, or prefer them.
LEANINGS = (-1.0, 0.0, 1.0)

# The most viewed items are never cold: new items have had no time to become popular.
NEVER_COLD_SHARE = 0.05


@dataclass(frozen=True)
class World:
    """The truth about all items; item ``i`` of the files is row ``i - 1``.

    Attributes:
        popularity: ``[n_items]`` float64, sums to 1; the law of the negatives.
        topic: ``[n_items]`` int64; shown by title, image and tags.
        style: ``[n_items]`` int64; shown by the title alone.
        look: ``[n_items]`` int64; shown by the image alone.
        quality: ``[n_items]`` float64, standard normal; shown by likes.
        charm: ``[n_items]`` float64, standard normal; shown by clicks alone.
        cold: ``[n_items]`` bool, items that no train row may contain.
        companion: ``[n_topics]`` int64, the other topic that fans of a topic like. One
            cycle through all topics, so the relation is never mutual.
    """

    popularity: np.ndarray
    topic: np.ndarray
    style: np.ndarray
    look: np.ndarray
    quality: np.ndarray
    charm: np.ndarray
    cold: np.ndarray
    companion: np.ndarray

    @cached_property
    def kind(self) -> np.ndarray:
        """``[n_items]`` int64, the items' (topic, style, look) as one number."""
        return (self.topic * N_STYLES + self.style) * N_LOOKS + self.look

    @cached_property
    def renown(self) -> np.ndarray:
        """``[n_items]`` float64, log popularity, standardised; 0 if all are equal."""
        log_popularity = np.log(self.popularity)
        centred = log_popularity - log_popularity.mean()
        return centred / max(centred.std(), 1e-12)


@dataclass(frozen=True)
class Tastes:
    """What users like, one row per user.

    Attributes:
        topic: ``[n_users, n_topics]`` float64, rows sum to 1.
        style: ``[n_users, n_styles]`` float64, rows sum to 1.
        look: ``[n_users, n_looks]`` float64, rows sum to 1.
        leaning: ``[n_users]`` int64, places in ``LEANINGS``.
    """

    topic: np.ndarray
    style: np.ndarray
    look: np.ndarray
    leaning: np.ndarray


def build_world(params: SampleParams, rng: np.random.Generator) -> World:
    """Draw the items.

    Args:
        params: Sizes and laws.
        rng: Source of all randomness.

    Returns:
        The items; topics, styles and looks are equally frequent, independent of each
        other and of popularity.
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
        look=rng.integers(0, N_LOOKS, n_items),
        quality=rng.standard_normal(n_items),
        charm=rng.standard_normal(n_items),
        cold=cold,
        companion=companion,
    )


def draw_tastes(
    world: World, n_users: int, params: SampleParams, rng: np.random.Generator
) -> Tastes:
    """Draw users: one or two topics each, their companions, styles, looks, a leaning.

    Args:
        world: The items.
        n_users: Number of users.
        params: The Dirichlet laws and the companions' share.
        rng: Source of all randomness.

    Returns:
        One row per user.
    """
    interest = rng.dirichlet(
        np.full(params.n_topics, params.topic_concentration), n_users
    )
    topic = (1 - params.companion_share) * interest
    topic[:, world.companion] += params.companion_share * interest
    style, look = (
        rng.dirichlet(np.full(n, params.style_concentration), n_users)
        for n in (N_STYLES, N_LOOKS)
    )
    leaning = rng.integers(0, len(LEANINGS), n_users)
    return Tastes(topic=topic, style=style, look=look, leaning=leaning)


def affinities(world: World, tastes: Tastes, params: SampleParams) -> np.ndarray:
    """Compute users' affinity to each kind of item: topic times style times look.

    Args:
        world: The items.
        tastes: One row per user.
        params: Floor and sharpness.

    Returns:
        ``[n_users, n_kinds]`` float64, kinds as :attr:`World.kind` numbers them; before
        the floor and the sharpness, a user without taste has 1 for all.
    """
    taste = np.einsum("ut,us,ul->utsl", tastes.topic, tastes.style, tastes.look)
    taste = taste.reshape(len(taste), -1)
    return (params.affinity_floor + taste.shape[1] * taste) ** params.sharpness


def appeals(world: World, params: SampleParams) -> np.ndarray:
    """Compute the weight of items in clicks, apart from users' tastes.

    Popularity times quality times charm, times popularity to a power that depends on
    the leaning.

    Args:
        world: The items.
        params: Strengths of quality, charm and leaning.

    Returns:
        ``[n_leanings, n_items]`` float64.
    """
    merit = params.quality_strength * world.quality
    merit = merit + params.charm_strength * world.charm
    leaning = params.leaning_strength * np.outer(LEANINGS, world.renown)
    return world.popularity * np.exp(merit + leaning)
