"""The sample's laws as tables of users and items: the formula to compare with."""

from itertools import permutations

import numpy as np

from mmctr.data.sample.clicks import best_scores
from mmctr.data.sample.laws import OpenSums
from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.world import Tastes, World, affinities, appeals


def click_law(
    world: World, tastes: Tastes, allowed: np.ndarray, params: SampleParams
) -> np.ndarray:
    """Give the probability p(i|u) that a user's next click is an item.

    Affinity to its kind times appeal, normalised over the allowed items.

    Args:
        world: The items.
        tastes: One row per user.
        allowed: ``[n_items]`` bool, items that can be clicked.
        params: The laws.

    Returns:
        ``[n_users, n_items]`` float64; rows sum to 1, zero where not allowed.
    """
    law = affinities(world, tastes, params)[:, world.kind]
    law *= np.where(allowed, appeals(world, params), 0.0)[tastes.leaning]
    return law / law.sum(axis=1, keepdims=True)


def dense_open_laws(world, tastes, allowed, seen, params):
    """Click law and law of negatives ``[n_users, n_items]`` over the open items."""
    is_open = allowed & ~seen
    click = np.where(is_open, click_law(world, tastes, allowed, params), 0.0)
    negative = np.where(is_open, world.popularity, 0.0)
    return tuple(law / law.sum(axis=1, keepdims=True) for law in (click, negative))


def dense_sums(click, negative):
    """Sums of products over whole rows."""
    return OpenSums(
        q2=(negative**2).sum(axis=1),
        q3=(negative**3).sum(axis=1),
        pq=(click * negative).sum(axis=1),
        pq2=(click * negative**2).sum(axis=1),
    )


def dense_best_scores(click, negative, items):
    """The best scores of columns ``items`` of whole laws."""
    p, q = (np.take_along_axis(law, items, axis=1) for law in (click, negative))
    return best_scores(p, q, dense_sums(click, negative))


def enumerate_slates(click, negative):
    """P(item is the positive) and P(item is a negative), over all slates of four."""
    positive, other = np.zeros(len(click)), np.zeros(len(click))
    for slate in permutations(range(len(click)), 4):
        chance = click[slate[0]] * np.prod(negative[list(slate[1:])])
        positive[slate[0]] += chance
        for item in slate[1:]:
            other[item] += chance
    total = positive.sum()
    return positive / total, other / total
