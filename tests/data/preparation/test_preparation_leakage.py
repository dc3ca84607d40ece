"""Nothing that happens after training reaches what training sees."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_logs import (
    DAY,
    events_in_time,
    histories,
    logs,
    make_params,
    random_source,
    with_copies,
    with_log,
)

from mmctr.data.datasets import ArrowDataset
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource
from mmctr.evaluation import auc
from mmctr.evaluation.baselines import item_only_scores, popularity_scores

LATER = ("valid", "test")


def change_later_events(
    source: LogSource, tables: PrimaryTables, seed: int
) -> LogSource:
    """Give every valid and test event another user, item and time of its part.

    As many events stay at every time: one that would be a copy gets a user of its own.
    Copies of any events come in between, which are no events.
    """
    rng = np.random.default_rng(seed)
    log = source.log.to_pandas()
    times = log["timestamp"].to_numpy().copy()
    valid_from, test_from = (tables.report["log"][f"{name}_from"] for name in LATER)
    later = times >= valid_from
    for part in (later & (times < test_from), times >= test_from):
        times[part] = rng.permutation(times[part])
    users = log["user_id"].to_numpy().copy()
    users[later] = rng.permutation(users)[: later.sum()]
    users[np.flatnonzero(later)[::3]] = users.max() + 1
    items = log["item_id"].to_numpy().copy()
    items[later] = rng.choice(source.items["item_id"].to_numpy(), later.sum())
    log = log.assign(user_id=users, item_id=items, timestamp=times)
    copies = log.duplicated() & later
    log.loc[copies, "user_id"] = users.max() + 1 + np.arange(copies.sum())
    return with_copies(with_log(source, log), seed)


def training_bytes(tables: PrimaryTables, folder: Path) -> dict[str, object]:
    """All that training may see, as bytes where it is a table."""
    seen: dict[str, object] = {
        "items_in_train": tables.report["items_in_train"],
        "report": tables.report["parts"]["train"],
        "dropped": tables.report["log"]["parts"]["train"],
        "cuts": [tables.report["log"][f"{name}_from"] for name in LATER],
    }
    for name in ("train", "items", "item_id_mapping"):
        path = folder / f"{name}.parquet"
        ArrowDataset(filepath=str(path)).save(getattr(tables, name))
        seen[name] = path.read_bytes()
    return seen


def assert_nothing_leaks(
    source: LogSource, before: PrimaryTables, folder: Path, seed: int
) -> None:
    """Later events change valid and test, and not one byte of training."""
    after = prepare_interactions(
        change_later_events(source, before, seed), make_params()
    )
    assert training_bytes(after, folder) == training_bytes(before, folder)
    for name in LATER:
        assert not getattr(after, name).equals(getattr(before, name))


def assert_histories_are_earlier(source: LogSource, tables: PrimaryTables) -> None:
    """Every history is exactly its user's strictly earlier events."""
    events = events_in_time(tables)
    expected = histories(events, make_params().max_history)
    names = ["group_id", "user_id", "item_seq"]
    for name in ("train", *LATER):
        table = getattr(tables, name)
        positives = table.filter(pc.equal(table["label"], 1)).select(names)
        # Negatives share all of this with their positive, which comes first.
        width = 1 + make_params().negatives_per_positive
        of_each = np.repeat(np.arange(len(positives)), width)
        assert table.select(names).equals(positives.take(of_each))
        rows = zip(*(positives[name].to_pylist() for name in names), strict=True)
        for group, user, history in rows:
            assert user == events[group].user
            assert history == expected[group]


def distinct_source(seed: int, **sizes: int) -> LogSource:
    """A log without copies, so that later events can be counted."""
    source = random_source(seed, **sizes)
    return with_log(source, source.log.to_pandas().drop_duplicates())


@pytest.mark.parametrize("seed", range(8))
def test_later_events_leave_training_byte_identical(tmp_path, seed):
    """Also where they are copied, or come first in the file."""
    source = distinct_source(seed, users=10 + 10 * seed)
    before = prepare_interactions(source, make_params())
    assert_nothing_leaks(source, before, tmp_path, seed)


@given(source=logs(), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_later_events_of_any_small_log_leave_train_as_it_is(source, seed):
    source = with_log(source, source.log.to_pandas().drop_duplicates(ignore_index=True))
    params = make_params(
        valid_fraction=0.3, test_fraction=0.3, negatives_per_positive=1
    )
    try:
        before = prepare_interactions(source, params)
        changed = change_later_events(source, before, seed)
        after = prepare_interactions(changed, params)
    except ValueError:
        assume(False)
    assert after.train.equals(before.train)
    for name in LATER:
        cuts = {x.report["log"][f"{name}_from"] for x in (before, after)}
        assert len(cuts) == 1


def test_training_events_do_change_training(tmp_path):
    """The comparison above can fail: each training event counts."""
    source = random_source(0)
    before = training_bytes(prepare_interactions(source, make_params()), tmp_path)
    log = source.log.to_pandas()
    first = log["timestamp"].idxmin()
    log.loc[first, "item_id"] = log.loc[first, "item_id"] % 40 + 1
    changed = with_log(source, log)
    after = training_bytes(prepare_interactions(changed, make_params()), tmp_path)
    assert after["train"] != before["train"]


def test_valid_does_not_depend_on_test_events():
    """Negatives of valid know what users took up to its end, and no later."""
    source = distinct_source(3)
    before = prepare_interactions(source, make_params())
    log = source.log.to_pandas()
    later = log["timestamp"] >= before.report["log"]["test_from"]
    # Events that differ go on to differ.
    log.loc[later, "item_id"] = log.loc[later, "item_id"] % 40 + 1
    after = prepare_interactions(with_log(source, log), make_params())
    assert after.valid.equals(before.valid)
    assert not after.test.equals(before.test)


def test_tie_mates_and_later_events_stay_out_of_histories():
    source = random_source(9, users=5, days=20)
    tables = prepare_interactions(source, make_params())
    assert (source.log["timestamp"].to_numpy() % DAY == 0).all()
    assert_histories_are_earlier(source, tables)


def test_toys_later_events_leave_training_byte_identical(toys, toys_tables, tmp_path):
    assert_nothing_leaks(toys, toys_tables, tmp_path, seed=0)


def test_toys_histories_hold_strictly_earlier_events(toys, toys_tables):
    assert_histories_are_earlier(toys, toys_tables)


@pytest.mark.parametrize("name", LATER)
def test_toys_the_item_alone_says_little(toys, toys_tables, name):
    """Negatives share the positives' popularity: no shortcut through the item."""
    train, rows = toys_tables.train, getattr(toys_tables, name)
    arguments = (
        train["item_id"].to_numpy(),
        train["label"].to_numpy(),
        rows["item_id"].to_numpy(),
        len(toys.items),
    )
    item_only = item_only_scores(*arguments, prior=0.25, strength=10)
    labels = rows["label"].to_numpy()
    assert 0.45 < auc(labels, item_only) < 0.60
    assert 0.45 < auc(labels, popularity_scores(*arguments)) < 0.60
