"""Draws from the click law without a table of users times items.

The law is the user's affinity to the item's kind, times the item's appeal to users of
that leaning. So a kind is drawn first, by its mass, then an item of that kind: the
first draw needs sums ``[users, kinds]``, the second sums ``[leanings, items]`` that all
users share.
"""

from dataclasses import dataclass

import numpy as np

from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.world import Tastes, World, affinities, appeals


@dataclass(frozen=True)
class OpenSums:
    """Sums over a user's open items of ``p ** a * q ** b``, ``[n_users]`` each.

    p is the user's click law and q the law of negatives, both normalised over these
    items, so that the sums of p and of q are 1.
    """

    q2: np.ndarray
    q3: np.ndarray
    pq: np.ndarray
    pq2: np.ndarray


class ItemLaws:
    """Cumulative appeal and popularity of the allowed items, shared by all users."""

    def __init__(self, world: World, allowed: np.ndarray, params: SampleParams) -> None:
        """Sum over the items.

        Args:
            world: The items.
            allowed: ``[n_items]`` bool, the items that may be drawn at all.
            params: The laws.
        """
        self.kind = world.kind
        # Kinds after the last one with an item have no mass.
        self.n_kinds = int(world.kind.max()) + 1
        self.appeal = np.where(allowed, appeals(world, params), 0.0)
        self.popularity = np.where(allowed, world.popularity, 0.0)
        self._by_kind = np.argsort(world.kind, kind="stable")
        self._borders = np.searchsorted(
            world.kind[self._by_kind], np.arange(self.n_kinds + 1)
        )
        self._appeal_sums = _cumulate(self.appeal[:, self._by_kind])
        self._popularity_sums = _cumulate(self.popularity)
        # [3, leanings, kinds]: sums of appeal times popularity to the power 0, 1, 2.
        self.kind_sums = np.array(
            [
                [np.bincount(self.kind, weights, self.n_kinds) for weights in rows]
                for rows in (self.appeal * self.popularity**power for power in range(3))
            ]
        )

    def draw_within(
        self, kind: np.ndarray, leaning: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw an item of each kind by its appeal to the leaning.

        Args:
            kind: ``[n]`` int64, kinds with an allowed item.
            leaning: ``[n]`` int64.
            rng: Source of all randomness.

        Returns:
            ``[n]`` int64 rows of the world.
        """
        uniform = rng.random(len(kind))
        place = np.empty(len(kind), dtype=np.int64)
        for number, sums in enumerate(self._appeal_sums):
            rows = np.flatnonzero(leaning == number)
            low, high = (sums[self._borders[kind[rows] + end]] for end in (0, 1))
            # Rounding must not reach the next kind.
            drawn = low + uniform[rows] * (high - low)
            drawn = np.minimum(drawn, np.nextafter(high, -np.inf))
            place[rows] = np.searchsorted(sums, drawn, side="right") - 1
        return self._by_kind[place]

    def draw_negatives(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw ``n`` allowed items by popularity, rows of the world."""
        sums = self._popularity_sums
        drawn = np.minimum(rng.random(n) * sums[-1], np.nextafter(sums[-1], 0.0))
        return np.searchsorted(sums, drawn, side="right") - 1


class UserLaws:
    """The click laws of a block of users."""

    def __init__(
        self, items: ItemLaws, world: World, tastes: Tastes, params: SampleParams
    ) -> None:
        """Compute every user's mass of the kinds.

        Args:
            items: The allowed items.
            world: The items, for the affinities.
            tastes: One row per user.
            params: The laws.
        """
        self._items = items
        self._leaning = tastes.leaning
        self._affinity = affinities(world, tastes, params)[:, : items.n_kinds]
        sums = np.cumsum(self._affinity * items.kind_sums[0][self._leaning], axis=1)
        sums /= sums[:, -1:]
        # Rows end at 1, 2, 3, ...: one sorted array to search for all users. A block of
        # 4,096 leaves 41 of float64's 53 bits to a probability.
        self._kind_sums = (sums + np.arange(len(sums))[:, None]).ravel()

    def draw(self, user: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a click for each user.

        Args:
            user: ``[n]`` int64 rows of the block.
            rng: Source of all randomness.

        Returns:
            ``[n]`` int64 rows of the world.
        """
        drawn = user + rng.random(len(user))
        drawn = np.minimum(drawn, np.nextafter(user + 1.0, 0.0))
        place = np.searchsorted(self._kind_sums, drawn, side="right")
        kind = place - user * self._items.n_kinds
        return self._items.draw_within(kind, self._leaning[user], rng)

    def weigh(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """Compute the unnormalised click law.

        Args:
            user: ``[n]`` int64 rows of the block.
            item: ``[n]`` int64 rows of the world.

        Returns:
            ``[n]`` float64.
        """
        affinity = self._affinity[user, self._items.kind[item]]
        return affinity * self._items.appeal[self._leaning[user], item]

    def open_laws(
        self, seen_user: np.ndarray, seen_item: np.ndarray, item: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, OpenSums]:
        """Compute both laws at some items, normalised over the allowed, unseen items.

        The sums over all items come from the sums over kinds, less the seen items.

        Args:
            seen_user: ``[m]`` int64 rows of the block.
            seen_item: ``[m]`` int64 rows of the world, those users' histories.
            item: ``[n_users, k]`` int64 rows of the world, not seen.

        Returns:
            Click law and law of negatives ``[n_users, k]`` float64, and sums of their
            products over all open items.
        """
        n_users = len(self._leaning)
        popularity = self._items.popularity
        seen_p = self.weigh(seen_user, seen_item)
        seen_q = popularity[seen_item]

        def of_clicks(power: int) -> np.ndarray:
            by_leaning = self._affinity @ self._items.kind_sums[power].T
            total = by_leaning[np.arange(n_users), self._leaning]
            return total - np.bincount(seen_user, seen_p * seen_q**power, n_users)

        def of_negatives(power: int) -> np.ndarray:
            seen = np.bincount(seen_user, seen_q**power, n_users)
            return (popularity**power).sum() - seen

        p1, q1 = of_clicks(0), of_negatives(1)
        user = np.repeat(np.arange(n_users), item.shape[1])
        p = self.weigh(user, item.ravel()).reshape(item.shape) / p1[:, None]
        q = popularity[item] / q1[:, None]
        return (
            p,
            q,
            OpenSums(
                q2=of_negatives(2) / q1**2,
                q3=of_negatives(3) / q1**3,
                pq=of_clicks(1) / (p1 * q1),
                pq2=of_clicks(2) / (p1 * q1**2),
            ),
        )


def _cumulate(weights: np.ndarray) -> np.ndarray:
    """Sums of the weights before each item of the last axis, and of all at the end."""
    sums = np.cumsum(weights, axis=-1)
    return np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
