"""Histories and slates drawn from the world, and the best possible score of a row.

A slate is the list of items that a user is shown: one positive drawn from the click law
and three negatives drawn from popularity, both restricted to items outside the history.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.sample.draws import draw_different, draw_histories
from mmctr.data.sample.laws import ItemLaws, OpenSums, UserLaws
from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.world import World, draw_tastes

N_NEGATIVES = 3
SLATE_SIZE = 1 + N_NEGATIVES
HISTORY_WIDTH = 100
MIN_HISTORY = 3

# Lengths are MIN_HISTORY plus a log-normal of this median and spread: median 6, mean 8.
EXTRA_MEDIAN = 3.5
EXTRA_SPREAD = 0.95

# Users are drawn in blocks, so that [users, kinds] tables stay small.
BLOCK = 4096


@dataclass(frozen=True)
class Slates:
    """Clicks of one part, one row per user, items numbered from 1.

    Attributes:
        history: ``n_users`` lists of int32 items, oldest first.
        item: ``[n_users, 4]`` int32, in random order.
        label: ``[n_users, 4]`` int8, 1 for the positive.
        best_score: ``[n_users, 4]`` float64, P(label = 1 | true taste, history, item).
    """

    history: pa.LargeListArray
    item: np.ndarray
    label: np.ndarray
    best_score: np.ndarray

    def __len__(self) -> int:
        """Number of users."""
        return len(self.item)


def draw_slates(
    world: World,
    n_users: int,
    allowed: np.ndarray,
    params: SampleParams,
    rng: np.random.Generator,
) -> Slates:
    """Draw new users with their histories and slates.

    Memory grows by some hundred bytes per user.

    Args:
        world: The items.
        n_users: Number of users.
        allowed: ``[n_items]`` bool, the items that may occur at all.
        params: Laws of the tastes and the longest history.
        rng: Source of all randomness; each block of users has its own stream.

    Returns:
        One row per user.

    Raises:
        ValueError: If the items outside a history are too unlikely to be drawn.
    """
    items = ItemLaws(world, allowed, params)
    starts = range(0, n_users, BLOCK)
    blocks = []
    for start, stream in zip(starts, rng.spawn(len(starts)), strict=True):
        size = min(BLOCK, n_users - start)
        tastes = draw_tastes(world, size, params, stream)
        laws = UserLaws(items, world, tastes, params)
        lengths = draw_lengths(size, params.max_history, stream)
        blocks.append(draw_block(items, laws, lengths, stream))
    return Slates(
        history=pa.concat_arrays([block.history for block in blocks]),
        item=np.concatenate([block.item for block in blocks]),
        label=np.concatenate([block.label for block in blocks]),
        best_score=np.concatenate([block.best_score for block in blocks]),
    )


def draw_lengths(
    n_users: int, max_history: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw history lengths as skewed as the challenge's: median 6, mean 8.

    Args:
        n_users: Number of lengths.
        max_history: The longest.
        rng: Source of all randomness.

    Returns:
        ``[n_users]`` int64 from 3 to ``max_history``.
    """
    extra = rng.lognormal(np.log(EXTRA_MEDIAN), EXTRA_SPREAD, n_users)
    return np.minimum(MIN_HISTORY + extra.astype(np.int64), max_history)


def draw_block(
    items: ItemLaws, laws: UserLaws, lengths: np.ndarray, rng: np.random.Generator
) -> Slates:
    """Draw one block of users.

    Args:
        items: The allowed items.
        laws: The users' click laws.
        lengths: ``[n_users]`` int64, of the histories.
        rng: Source of all randomness.

    Returns:
        One row per user.
    """
    drawn = draw_histories(laws, lengths, rng)
    picked = draw_different(items, laws, drawn, N_NEGATIVES, rng)
    is_real = np.arange(drawn.shape[1]) < lengths[:, None]
    seen_user, _ = np.nonzero(is_real)
    p, q, sums = laws.open_laws(seen_user, drawn[is_real], picked)
    scores = best_scores(p, q, sums)
    labels = np.zeros(picked.shape, dtype=np.int8)
    labels[:, 0] = 1
    places = np.tile(np.arange(SLATE_SIZE), (len(lengths), 1))
    order = rng.permuted(places, axis=1)
    shown, labels, scores = (
        np.take_along_axis(column, order, axis=1) for column in (picked, labels, scores)
    )
    return Slates(
        history=pa.LargeListArray.from_arrays(
            np.concatenate([[0], np.cumsum(lengths)]),
            (drawn[is_real] + 1).astype(np.int32),
        ),
        item=(shown + 1).astype(np.int32),
        label=labels,
        best_score=scores,
    )


def best_scores(p: np.ndarray, q: np.ndarray, sums: OpenSums) -> np.ndarray:
    """Compute P(label = 1 | user, item) for rows of slates of four different items.

    A slate is one draw from p and three from q, drawn again until all four differ. With
    ``P(i)`` and ``Q(i)`` the laws that positives and negatives follow *after* that
    condition, the answer is ``P(i) / (P(i) + 3 Q(i))``. ``P(i)`` is ``p(i)`` times the
    chance that three draws from q differ from each other and from i; ``Q(i)`` is
    ``q(i)`` times that chance for one draw from p and two from q. Both follow by
    inclusion and exclusion from sums of products of p and q over all items but i.

    Args:
        p: ``[n_users, k]`` float64, the click law at k items per user.
        q: ``[n_users, k]`` float64, the law of negatives there.
        sums: Over all items that these laws are normalised over.

    Returns:
        ``[n_users, k]`` float64 in 0..1.
    """
    p1, q1 = 1 - p, 1 - q
    q2, q3, pq, pq2 = (
        total[:, None] - term
        for total, term in (
            (sums.q2, q**2),
            (sums.q3, q**3),
            (sums.pq, p * q),
            (sums.pq2, p * q**2),
        )
    )
    three_negatives = q1**3 - 3 * q1 * q2 + 2 * q3
    one_and_two = p1 * (q1**2 - q2) - 2 * q1 * pq + 2 * pq2
    positive = p * three_negatives
    return positive / (positive + N_NEGATIVES * q * one_and_two)


def pad_histories(history: pa.LargeListArray, rows: np.ndarray) -> np.ndarray:
    """Pad some histories as the challenge does.

    Args:
        history: Lists of items.
        rows: ``[n]`` int64, which of them.

    Returns:
        ``[n, 100]`` int64, left-padded with 0, newest last.
    """
    chosen = history.take(pa.array(rows))
    lengths = pc.list_value_length(chosen).to_numpy()
    padded = np.zeros((len(rows), HISTORY_WIDTH), dtype=np.int64)
    places = np.arange(HISTORY_WIDTH) >= HISTORY_WIDTH - lengths[:, None]
    padded[places] = chosen.flatten()
    return padded
