"""Histories and slates drawn from the world, and the best score a row can have.

A slate is what a user is shown: one positive drawn from the click law and three
negatives drawn from popularity, both restricted to items outside the history.
"""

from dataclasses import dataclass

import numpy as np

from mmctr.pipelines.sample.params import SampleParams
from mmctr.pipelines.sample.world import World, click_law, draw_tastes

N_NEGATIVES = 3
SLATE_SIZE = 1 + N_NEGATIVES
HISTORY_WIDTH = 100
MIN_HISTORY = 3

# Lengths are MIN_HISTORY plus a log-normal of this median and spread: median 6, mean 8.
EXTRA_MEDIAN = 3.5
EXTRA_SPREAD = 0.95

# Users are drawn in blocks, so that [users, items] tables stay small.
BLOCK = 512


@dataclass(frozen=True)
class Slates:
    """Clicks of one part, one row a user, items numbered from 1.

    Attributes:
        history: ``[n_users, 100]`` int64, left-padded with 0, newest last.
        item: ``[n_users, 4]`` int64, in random order.
        label: ``[n_users, 4]`` int64, 1 for the positive.
        best_score: ``[n_users, 4]`` float64, P(label = 1 | true taste, history, item).
    """

    history: np.ndarray
    item: np.ndarray
    label: np.ndarray
    best_score: np.ndarray


def draw_slates(
    world: World,
    n_users: int,
    allowed: np.ndarray,
    params: SampleParams,
    rng: np.random.Generator,
) -> Slates:
    """Draw new users with their histories and slates.

    Args:
        world: The items.
        n_users: How many users.
        allowed: ``[n_items]`` bool, the items that may occur at all.
        params: Laws of the tastes and the longest history.
        rng: Source of all randomness.

    Returns:
        One row a user.
    """
    tastes = draw_tastes(world, n_users, params, rng)
    lengths = draw_lengths(n_users, params.max_history, rng)
    blocks = []
    for start in range(0, n_users, BLOCK):
        rows = slice(start, start + BLOCK)
        law = click_law(world, tastes.of(rows), allowed, params)
        blocks.append(_draw_block(law, world.popularity, lengths[rows], rng))
    columns = zip(*blocks, strict=True)
    return Slates(*(np.concatenate(column) for column in columns))


def draw_lengths(
    n_users: int, max_history: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw history lengths as skewed as the challenge's: median 6, mean 8.

    Args:
        n_users: How many lengths.
        max_history: The longest.
        rng: Source of all randomness.

    Returns:
        ``[n_users]`` int64 from 3 to ``max_history``.
    """
    extra = rng.lognormal(np.log(EXTRA_MEDIAN), EXTRA_SPREAD, n_users)
    return np.minimum(MIN_HISTORY + extra.astype(np.int64), max_history)


def best_scores(
    click: np.ndarray, negative: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """Give P(label = 1 | user, item) for rows of slates of four different items.

    A slate is one draw from p and three from q, drawn again until all four differ. With
    ``P(i)`` and ``Q(i)`` the laws that positives and negatives follow *after* that
    condition, the answer is ``P(i) / (P(i) + 3 Q(i))``. ``P(i)`` is ``p(i)`` times the
    chance that three draws from q differ from each other and from i; ``Q(i)`` is
    ``q(i)`` times that chance for one draw from p and two from q. Both follow by
    inclusion and exclusion from sums of products of p and q over all items but i.

    Args:
        click: ``[n_users, n_items]`` float64, p; rows sum to 1.
        negative: ``[n_users, n_items]`` float64, q; rows sum to 1.
        items: ``[n_users, k]`` int64, columns of the laws.

    Returns:
        ``[n_users, k]`` float64 in 0..1.
    """
    p = np.take_along_axis(click, items, axis=1)
    q = np.take_along_axis(negative, items, axis=1)

    def others(powers_of_p: int, powers_of_q: int) -> np.ndarray:
        total = np.einsum(
            "ui,ui->u", click**powers_of_p, negative**powers_of_q, optimize=False
        )
        return total[:, None] - p**powers_of_p * q**powers_of_q

    p1, q1, q2 = others(1, 0), others(0, 1), others(0, 2)
    three_negatives = q1**3 - 3 * q1 * q2 + 2 * others(0, 3)
    one_and_two = p1 * (q1**2 - q2) - 2 * q1 * others(1, 1) + 2 * others(1, 2)
    positive = p * three_negatives
    return positive / (positive + N_NEGATIVES * q * one_and_two)


def _draw_block(
    law: np.ndarray,
    popularity: np.ndarray,
    lengths: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw the history, item, label and best score of one block of users."""
    history, seen = _draw_histories(law, lengths, rng)
    open_items = (law > 0) & ~seen
    click = _normalise(np.where(open_items, law, 0.0))
    negative = _normalise(np.where(open_items, popularity, 0.0))
    items = _draw_distinct(click, negative, rng)
    scores = best_scores(click, negative, items)
    labels = np.zeros(items.shape, dtype=np.int64)
    labels[:, 0] = 1
    order = rng.permuted(np.tile(np.arange(SLATE_SIZE), (len(items), 1)), axis=1)
    items, labels, scores = (
        np.take_along_axis(column, order, axis=1) for column in (items, labels, scores)
    )
    return history, items + 1, labels, scores


def _draw_histories(
    law: np.ndarray, lengths: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw different items one after another; return ids ``[B, 100]`` and who saw what.

    The order of ``log p + Gumbel`` noise is the order of draws without replacement
    (Vieira, 2014, "Gumbel-max trick and weighted reservoir sampling").
    """
    with np.errstate(divide="ignore"):
        keys = np.log(law) + rng.gumbel(size=law.shape)
    longest = lengths.max()
    order = np.argsort(-keys, axis=1, kind="stable")[:, :longest]
    drawn = np.arange(longest) < lengths[:, None]
    user, step = np.nonzero(drawn)
    history = np.zeros((len(law), HISTORY_WIDTH), dtype=np.int64)
    column = HISTORY_WIDTH - lengths[user] + step
    history[user, column] = order[user, step] + 1
    seen = np.zeros(law.shape, dtype=bool)
    seen[user, order[user, step]] = True
    return history, seen


def _draw_distinct(
    click: np.ndarray, negative: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw whole slates ``[B, 4]`` again until their items differ; positive first."""
    click_sums, negative_sums = _cumulate(click), _cumulate(negative)
    items = np.empty((len(click), SLATE_SIZE), dtype=np.int64)
    pending = np.arange(len(click))
    while len(pending):
        uniform = rng.random((len(pending), SLATE_SIZE))
        for draw in range(SLATE_SIZE):
            sums = click_sums if draw == 0 else negative_sums
            below = sums[pending] <= uniform[:, draw, None]
            items[pending, draw] = below.sum(axis=1)
        ordered = np.sort(items[pending], axis=1)
        repeats = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        pending = pending[repeats]
    return items


def _normalise(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(axis=1, keepdims=True)


def _cumulate(law: np.ndarray) -> np.ndarray:
    sums = np.cumsum(law, axis=1)
    # Exactly 1 at the end, so that a draw below 1 never falls behind the last item.
    return sums / sums[:, -1:]
