"""The click log in memory, and the order of its batches."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import N_ITEMS, click_log, rows_table, with_levels

from mmctr.ctr.inputs.batch_order import EpochBatches, ordered_batches
from mmctr.ctr.inputs.click_log import Batch, ClickLog


@given(
    seed=st.integers(0, 2**31), rows=st.integers(1, 20), max_history=st.integers(1, 9)
)
@settings(max_examples=50, deadline=None)
def test_a_batch_holds_its_rows(seed, rows, max_history):
    rng = np.random.default_rng(seed)
    table = with_levels(rng, rows_table(rng, rows))
    log = ClickLog.from_arrow(table, max_history, N_ITEMS, fields="all")
    expected = rng.integers(0, rows, 5)
    batch = log[expected]
    for place, row in enumerate(expected.tolist()):
        record = table.slice(row, 1).to_pylist()[0]
        own = batch.history[batch.segment == place].tolist()
        assert own == record["item_seq"][-max_history:]
        assert batch.target[place] == record["item_id"]
        assert batch.label[place] == record["label"]
        assert batch.field_codes[place].tolist() == [
            record["field_row_likes"],
            record["field_row_views"],
        ]
    distinct = {*batch.target.tolist(), *batch.history.tolist()}
    assert batch.items.tolist() == sorted(distinct)
    named = batch.items[batch.places]
    assert torch.equal(named, torch.cat([batch.target, batch.history]))


@given(seed=st.integers(0, 2**31), start=st.integers(0, 8), rows=st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_neighbours_are_the_rows_by_their_numbers(seed, start, rows):
    rng = np.random.default_rng(seed)
    log = click_log(rng, 20)
    found = log[start : start + rows]
    expected = log[np.arange(start, start + rows)]
    for own, other in zip(found, expected, strict=True):
        assert torch.equal(own.nan_to_num(-1), other.nan_to_num(-1))


@given(history=st.lists(st.integers(1, 4), min_size=1, max_size=5), seed=st.integers(0))
@settings(max_examples=50, deadline=None)
def test_the_items_of_a_request_are_those_of_its_rows(history, seed):
    target = torch.from_numpy(np.random.default_rng(seed).integers(0, 6, 7))
    of_rows = torch.tensor(history).repeat(7)
    nothing = torch.zeros(7)
    batch = Batch.of(
        target=target,
        history=of_rows,
        segment=torch.arange(7).repeat_interleave(len(history)),
        statistics=nothing[:, None],
        label=nothing,
        weight=nothing,
    )
    both = torch.cat([target, of_rows])
    assert torch.equal(batch.items, both.unique())
    assert torch.equal(batch.items[batch.places], both)


def test_a_slice_of_a_table_is_read_from_its_own_rows():
    table = rows_table(np.random.default_rng(0), 12)
    part = table.slice(5, 4)
    log = ClickLog.from_arrow(part, 100, N_ITEMS)
    assert log.history.tolist() == sum(part["item_seq"].to_pylist(), [])
    assert log.target.tolist() == part["item_id"].to_pylist()


def test_unlabelled_rows_are_nan():
    table = rows_table(np.random.default_rng(0), 3)
    place = table.column_names.index("label")
    table = table.set_column(place, "label", pa.nulls(3, pa.int8()))
    assert np.isnan(ClickLog.from_arrow(table, 5, N_ITEMS).label).all()


def test_an_item_outside_the_item_table_is_named():
    table = rows_table(np.random.default_rng(0), 30)
    with pytest.raises(ValueError, match=r"'item_id' has items outside 1\.\.5"):
        ClickLog.from_arrow(table, 5, 5)


def test_unknown_targets_are_accepted_if_allowed():
    table = rows_table(np.random.default_rng(0), 4)
    place = table.column_names.index("item_id")
    odd = table.set_column(place, "item_id", pa.array([3, 0, 4, 0]))
    with pytest.raises(ValueError, match=r"outside 1\.\.40, first \[0, 0\]"):
        ClickLog.from_arrow(odd, 5, N_ITEMS)
    log = ClickLog.from_arrow(odd, 5, N_ITEMS, unknown_targets=True)
    assert log.target.tolist() == [3, 0, 4, 0]
    wrong = table.set_column(place, "item_id", pa.array([3, 0, 41, 0]))
    with pytest.raises(ValueError, match=r"outside 1\.\.40, first \[41\]"):
        ClickLog.from_arrow(wrong, 5, N_ITEMS, unknown_targets=True)


def test_items_are_counted_in_targets_and_histories(monkeypatch):
    monkeypatch.setattr("mmctr.ctr.inputs.log_arrays._AT_ONCE", 3)
    table = rows_table(np.random.default_rng(0), 9)
    counts = ClickLog.from_arrow(table, 100, N_ITEMS).item_counts(N_ITEMS)
    everything = sum(table["item_seq"].to_pylist(), table["item_id"].to_pylist())
    assert counts.tolist() == [everything.count(item) for item in range(N_ITEMS + 1)]


@given(
    rows=st.integers(1, 60),
    batch_size=st.integers(2, 20),
    parts=st.integers(1, 5),
    seed=st.integers(0, 99),
)
@settings(max_examples=100, deadline=None)
def test_a_pass_yields_every_row_once(rows, batch_size, parts, seed):
    batches = EpochBatches(rows, batch_size, parts=parts, seed=seed)
    passes, lengths = [], set()
    for number in range(2):
        taken = []
        for part in range(batches.parts):
            batches.set_epoch(number * batches.parts + part)
            own = list(batches)
            assert len(own) == len(batches) > 0
            lengths.add(len(own))
            taken += own
        # Lightning takes as many from all of them as from the first.
        assert len(lengths) == 1
        assert sorted(np.concatenate(taken).tolist()) == list(range(rows))
        assert all(len(batch) > 1 for batch in taken) or rows == 1
        assert max(len(batch) for batch in taken) <= batch_size + 1
        passes.append(np.concatenate(taken).tolist())
    assert rows < 8 or passes[0] != passes[1]


def test_batches_are_a_little_smaller_where_parts_do_not_divide_evenly():
    sizes = [
        [len(batch) for batch in EpochBatches(rows, 10, parts=parts, seed=0)]
        for rows, parts in ((40, 2), (50, 2), (45, 4), (45, 1))
    ]
    assert sizes == [[10, 10], [8, 8, 9], [5, 6], [10, 10, 10, 10, 5]]


def test_the_order_depends_on_seed_and_epoch_only():
    def order(seed: int, epochs: list[int]) -> list[int]:
        batches = EpochBatches(50, 8, parts=1, seed=seed)
        for epoch in epochs:
            batches.set_epoch(epoch)
            rows = np.concatenate(list(batches)).tolist()
        return rows

    assert order(1, [0, 1, 2]) == order(1, [2])
    assert order(1, [2]) != order(2, [2])


@given(
    rows=st.integers(2, 60),
    parts=st.integers(1, 3),
    epoch=st.integers(0, 5),
    taken=st.integers(0, 60),
)
@settings(max_examples=60, deadline=None)
def test_a_loaded_state_continues_with_the_next_batch(rows, parts, epoch, taken):
    def batches() -> EpochBatches:
        return EpochBatches(rows, 4, parts=parts, seed=1)

    whole, cut, other = batches(), batches(), batches()
    whole.set_epoch(epoch)
    expected = [batch.tolist() for batch in whole]
    taken = min(taken, len(expected))
    cut.set_epoch(epoch)
    for _, _batch in zip(range(taken), cut, strict=False):
        pass
    other.load_state_dict(cut.state_dict())
    other.set_epoch(epoch)
    assert len(other) == len(expected)
    assert [batch.tolist() for batch in other] == expected[taken:]
    # Only once: the next pass is whole again.
    assert [batch.tolist() for batch in other] == expected
    assert [batch.tolist() for batch in whole.batches_in(epoch)] == expected


def test_ordered_batches_keep_the_order():
    batches = [np.arange(10)[rows].tolist() for rows in ordered_batches(10, 4)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
