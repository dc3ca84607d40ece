"""What users have clicked is counted once, wherever a long log is cut into pieces."""

import numpy as np
import pytest

from mmctr.data.preparation.taken_items import TakenItems
from mmctr.runtime import pieces


@pytest.mark.parametrize("piece", [1, 3, 7, 1000])
def test_distinct_items_of_each_user_are_counted(monkeypatch, piece):
    monkeypatch.setattr(pieces, "PIECE", piece)
    for seed in range(50):
        rng = np.random.default_rng(seed)
        users, items = rng.integers(0, 4, 40), rng.integers(1, 6, 40)
        counted = rng.random(40) < rng.choice([0.1, 0.7, 1.0])
        taken = TakenItems(users, items, counted, 5)
        some = rng.random(6) < 0.5
        everyone = np.arange(users.max() + 1)
        have = [set(items[(users == user) & counted].tolist()) for user in everyone]
        assert taken.counts(everyone).tolist() == [len(x) for x in have]
        assert taken.count_among(everyone, some).tolist() == [
            sum(bool(some[item]) for item in x) for x in have
        ]
