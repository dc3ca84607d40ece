"""Draws without repeats: items that repeat or were seen before are drawn again."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from mmctr.data.sample.laws import ItemLaws, UserLaws

# Limits on the draws of a round (memory: times the longest history) and on rounds.
ROUND_DRAWS = 1 << 17
MAX_ROUNDS = 300
MAX_SLATES = 10_000

_TOO_UNLIKELY = (
    "sample: the items outside a user's history are too unlikely to be drawn; lower "
    "sample.max_history or sample.sharpness, or raise sample.affinity_floor"
)


def draw_histories(
    laws: UserLaws, lengths: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw different items one after another.

    The different items of a sequence of independent draws, in the order in which they
    first occur, are distributed as draws without replacement: what repeats is dropped
    until there are enough.

    Args:
        laws: The users' click laws.
        lengths: ``[n_users]`` int64, of the histories.
        rng: Source of all randomness.

    Returns:
        ``[n_users, longest]`` int64 rows of the world, oldest first, -1 after the end.

    Raises:
        ValueError: If that many different items are too unlikely to be drawn.
    """
    drawn = np.full((len(lengths), lengths.max()), -1, dtype=np.int64)
    found = np.zeros(len(lengths), dtype=np.int64)
    pending = np.arange(len(lengths))
    for round_ in range(MAX_ROUNDS):
        # Twice as many each round, so that rare items take few rounds.
        missing = (lengths - found)[pending]
        count = np.minimum(missing << min(round_, 20), _draws_each(len(pending)))
        user = np.repeat(pending, count)
        item = laws.draw(user, rng)
        row = np.repeat(np.arange(len(pending)), count)
        new = _first_occurrences(drawn[pending], row, item)
        user, item = user[new], item[new]
        place = found[user] + np.arange(len(user)) - np.searchsorted(user, user)
        kept = place < lengths[user]
        drawn[user[kept], place[kept]] = item[kept]
        found += np.bincount(user[kept], minlength=len(lengths))
        pending = pending[found[pending] < lengths[pending]]
        if not len(pending):
            return drawn
    raise ValueError(_TOO_UNLIKELY)


def draw_different(
    items: ItemLaws,
    laws: UserLaws,
    history: np.ndarray,
    n_negatives: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw a positive and some negatives, all unseen and different.

    Each is drawn again until it is unseen, and all of them until they differ.

    Args:
        items: The allowed items, with the law of the negatives.
        laws: The users' click laws.
        history: ``[n_users, longest]`` int64 rows of the world, -1 after the end.
        n_negatives: Negatives per user.
        rng: Source of all randomness.

    Returns:
        ``[n_users, 1 + n_negatives]`` int64 rows of the world, the positive first.

    Raises:
        ValueError: If the unseen items are too unlikely to be drawn.
    """
    drawn = np.empty((len(history), 1 + n_negatives), dtype=np.int64)
    pending = np.arange(len(history))
    for _ in range(MAX_SLATES):
        positive = _draw_unseen(lambda user: laws.draw(user, rng), pending, history)
        negatives = _draw_unseen(
            lambda user: items.draw_negatives(len(user), rng),
            np.repeat(pending, n_negatives),
            history,
        )
        slates = np.column_stack([positive, negatives.reshape(-1, n_negatives)])
        drawn[pending] = slates
        slates.sort(axis=1)
        pending = pending[(slates[:, 1:] == slates[:, :-1]).any(axis=1)]
        if not len(pending):
            return drawn
    raise ValueError(_TOO_UNLIKELY)


def _draw_unseen(
    draw: Callable[[np.ndarray], np.ndarray], user: np.ndarray, history: np.ndarray
) -> np.ndarray:
    """Draw an item for each of ``user`` ``[n]`` that the user's history lacks."""
    drawn = np.empty(len(user), dtype=np.int64)
    pending = np.arange(len(user))
    for round_ in range(MAX_ROUNDS):
        count = min(1 << min(round_, 20), _draws_each(len(pending)))
        items = draw(np.repeat(user[pending], count)).reshape(-1, count)
        seen = (items[:, :, None] == history[user[pending], None, :]).any(axis=2)
        first = seen.argmin(axis=1)
        drawn[pending] = items[np.arange(len(pending)), first]
        pending = pending[seen.all(axis=1)]
        if not len(pending):
            return drawn
    raise ValueError(_TOO_UNLIKELY)


def _draws_each(n_users: int) -> int:
    """Most draws per user in one round."""
    return max(ROUND_DRAWS // n_users, 1)


def _first_occurrences(
    known: np.ndarray, row: np.ndarray, item: np.ndarray
) -> np.ndarray:
    """Where a drawn item is new to its row, int64, in the order of the draws."""
    known_row, step = np.nonzero(known >= 0)
    span = 1 + max(int(item.max()), int(known.max()))
    keys = np.concatenate(
        [known_row * span + known[known_row, step], row * span + item]
    )
    return np.flatnonzero(~pd.Series(keys).duplicated()[len(known_row) :])
