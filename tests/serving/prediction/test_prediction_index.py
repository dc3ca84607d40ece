"""Clicks before a moment, found on the disk, are those of a search by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmctr.serving.prediction.index import BEFORE_ALL, EventIndex, IndexWriter

USERS = np.array([0, 3, 2**63, 2**64 - 1, 2**56], np.uint64)


@given(seed=st.integers(0, 2**32), count=st.integers(0, 60), length=st.integers(1, 9))
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_newest_items_before_a_moment(tmp_path_factory, seed, count, length):
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("index")
    users = rng.integers(0, len(USERS), count)
    times = rng.choice([BEFORE_ALL, 5, 6, 7, 8], count)
    fractions = rng.choice([0.0, 0.5], count)
    items = np.arange(1, count + 1)
    writer = IndexWriter(folder)
    for part in np.array_split(np.arange(count), 3):
        writer.add(USERS[users[part]], times[part], fractions[part], items[part])
    writer.finish()
    index = EventIndex.open(folder)
    asked, moments = rng.integers(0, len(USERS), 20), rng.integers(4, 10, 20)
    found, offsets = index.latest_before(USERS[asked], moments, length)
    order = np.lexsort((items, fractions, times))
    for row, (user, moment) in enumerate(zip(asked, moments, strict=True)):
        before = [x for x in order if users[x] == user and times[x] < moment]
        expected = items[before][-length:].tolist()
        assert found[offsets[row] : offsets[row + 1]].tolist() == expected
    first, end = index.ranges(USERS)
    assert (end - first).tolist() == [int((users == x).sum()) for x in range(5)]


def test_what_counts_once_counts_at_its_last_place_of_the_earliest_time(tmp_path):
    writer = IndexWriter(tmp_path)
    for times, fractions, items in (
        ([5, 5, 7], [0.0, 0.1, 0.0], [1, 2, 3]),
        ([5, 6, 7, 5], [0.2, 0.0, 0.5, 0.3], [1, 2, 3, 4]),
    ):
        keys = np.full(len(items), USERS[1])
        writer.add(
            keys, np.array(times), np.array(fractions), np.array(items), once=True
        )
    # Others count each time.
    writer.add(USERS[[1, 1]], np.array([6, 8]), np.zeros(2), np.array([1, 1]))
    writer.finish()
    found, _ = EventIndex.open(tmp_path).latest_before(USERS[1:2], np.array([9]), 9)
    assert found.tolist() == [2, 1, 4, 1, 3, 1]


def test_buckets_are_gone_when_it_is_finished(tmp_path):
    writer = IndexWriter(tmp_path)
    writer.add(USERS, np.arange(5), np.zeros(5), np.arange(5))
    writer.finish()
    assert {path.name for path in tmp_path.iterdir()} == {
        "key.bin",
        "time.bin",
        "item.bin",
    }
    assert EventIndex.open(tmp_path).first_times(np.array([1])) == pytest.approx([1])
