"""Negatives are as popular as what users come to click, whoever has it already."""

import numpy as np
import pytest
from small_logs import DAY, as_positives

from mmctr.data.preparation.negatives import sample_negatives
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.taken_items import TakenItems

PARAMS = PreparationParams(
    negatives_per_positive=1, window_days=10, min_eligible_items=1, seed=0
)


def drawn_for(
    clicks: list[tuple[int, int, int]], asked: tuple[int, int, int], draws: int
) -> np.ndarray:
    """Negatives of one click of a part (day, user, item), drawn many times over."""
    ordered = sorted(clicks)
    days, users, items = np.array(ordered).T
    positives = as_positives(users, items, days * DAY)
    taken = TakenItems(users, items, np.ones(len(users), bool), 12)
    rows = (np.random.default_rng(seed) for seed in range(draws))
    found = [sample_negatives(positives, taken, PARAMS, rng).items for rng in rows]
    return np.array(found)[:, ordered.index(asked), 0]


def test_later_clicks_of_the_user_are_drawn_and_earlier_ones_are_not():
    """To leave out what a user comes to click would tell of popular items."""
    clicks = [(0, 0, 1), (0, 1, 9), (1, 0, 2), (2, 0, 3)]
    clicks += [(day, user, 4 + user) for day, user in ((1, 1), (1, 2), (2, 3))]
    drawn = drawn_for(clicks, (1, 0, 2), 300)
    # 1 is in the history, and may be drawn as a repeat alone: nobody repeats here.
    assert set(drawn.tolist()) == {3, 5, 6, 7, 9}


def test_an_item_that_most_have_is_drawn_as_often_as_the_others_click_it():
    """Eight of eleven users have item 1, and go on to other items."""
    clicks = [(0, user, 1) for user in range(8)] + [
        (0, user, 12) for user in (8, 9, 10)
    ]
    clicks += [(20, user, 2 + user) for user in range(8)]
    clicks += [(20, 8, 1), (20, 9, 1), (20, 10, 11)]
    drawn = drawn_for(clicks, (20, 10, 11), 3000)
    # Three of the window's rows lack item 1, and two of them click it.
    expected = (2 * 11 / 3) / (2 * 11 / 3 + 8)
    assert np.mean(drawn == 1) == pytest.approx(expected, abs=0.03)
