"""Histories are found in any size of pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.data.preparation.history_ranges import (
    boundaries,
    history_ranges,
    order_by_user,
    spread,
)
from mmctr.runtime import pieces as module

EVENTS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 5), st.booleans()),
    min_size=1,
    max_size=80,
)


@given(EVENTS, st.integers(1, 6), st.booleans(), st.sampled_from([1, 3, 1000]))
@settings(max_examples=200, deadline=None)
def test_histories_are_the_newest_strictly_earlier_clicks(
    events, max_history, all_are_clicks, piece
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", piece)
        times, users, clicked = np.array(sorted(events)).T
        order = order_by_user(users)
        np.testing.assert_array_equal(order, np.argsort(users, kind="stable"))
        is_click = np.ones(len(users), bool) if all_are_clicks else clicked == 1
        firsts = boundaries(users, times, order)
        flags = None if all_are_clicks else is_click[order]
        ranges = history_ranges(*firsts, max_history, flags)
        start, end, until = (spread(each, firsts[1], order) for each in ranges)
    clicks = order[is_click[order]]
    for row, (user, time) in enumerate(zip(users, times, strict=True)):
        mine = (users == user) & is_click
        earlier = np.flatnonzero(mine & (times < time))
        np.testing.assert_array_equal(
            clicks[start[row] : end[row]], earlier[-max_history:]
        )
        together = np.flatnonzero(mine & (times == time))
        np.testing.assert_array_equal(clicks[end[row] : until[row]], together)
