"""What histories hold is counted as if each were gone through."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_logs import DAY, as_positives

from mmctr.data.preparation import history_counts as module
from mmctr.data.preparation.history_counts import (
    STEPS,
    count_histories,
    popularity_steps,
)
from mmctr.data.preparation.windows import Windows

CLICKS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(1, 5)),
    min_size=1,
    max_size=60,
)


@given(CLICKS, st.integers(1, 8), st.sampled_from([1, 4]), st.sampled_from([1, 3, 99]))
@settings(max_examples=200, deadline=None)
def test_counts_are_those_of_every_history(clicks, most, days, piece):
    times, users, items = np.array(sorted(clicks)).T
    positives = as_positives(users, items, times * DAY, max_history=most)
    windows = Windows.cut(positives, days * DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE_ROWS", piece)
        counts = count_histories(positives, windows)
    histories = [
        positives.clicks.items[start:end]
        for start, end in zip(positives.start, positives.end, strict=True)
    ]
    assert counts.distinct.tolist() == [len(set(each)) for each in histories]
    expected, repeats = np.zeros((2, STEPS))
    for rows in windows.slices():
        step = popularity_steps(positives, rows)
        for row in range(rows.start, rows.stop):
            expected += np.bincount(step[histories[row]], minlength=STEPS)
            is_repeat = items[row] in histories[row]
            assert positives.repeats[row] == is_repeat
            repeats[step[items[row]]] += is_repeat
            lacking = [items[row] not in each for each in histories[rows]]
            share = max(np.mean(lacking), 1 / len(lacking))
            assert counts.weights[row] == pytest.approx(1 / share)
    np.testing.assert_array_equal(counts.clicks, expected)
    np.testing.assert_array_equal(counts.repeats, repeats)
