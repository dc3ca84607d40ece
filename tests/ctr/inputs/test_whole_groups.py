"""Batches of whole groups: every row once, near-equal sizes, no group torn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.ctr.inputs.batch_order import EpochBatches


def batches_of(groups, batch_size, *, parts=1, seed=0, epochs=1):
    order = EpochBatches(
        len(groups), batch_size, parts=parts, seed=seed, groups=np.asarray(groups)
    )
    return [each for epoch in range(epochs) for each in order.batches_in(epoch)], order


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=60),
    batch_size=st.integers(2, 50),
    parts=st.integers(1, 4),
    seed=st.integers(0, 99),
)
@settings(max_examples=200, deadline=None)
def test_every_row_is_in_one_batch_of_a_pass(sizes, batch_size, parts, seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    if len(groups) < 2:
        return
    _, order = batches_of(groups, batch_size, parts=parts, seed=seed)
    found, _ = batches_of(
        groups, batch_size, parts=parts, seed=seed, epochs=order.parts
    )
    assert len(found) == order.parts * len(order)
    assert np.array_equal(np.sort(np.concatenate(found)), np.arange(len(groups)))
    equal = len(groups) / len(found)
    lengths = np.array([len(each) for each in found])
    assert lengths.min() >= max(2, np.floor(equal / 2))
    assert lengths.max() <= np.ceil(1.5 * equal)
    # A group is torn only if it is more than half an equal batch.
    batch_of = np.empty(len(groups), int)
    for number, rows in enumerate(found):
        batch_of[rows] = number
    for group, size in enumerate(sizes):
        if size <= max(len(groups) // (2 * len(found)), 1):
            assert len(set(batch_of[groups == group])) == 1


def test_groups_are_shuffled_by_seed_and_pass():
    groups = np.repeat(np.arange(100), 4)
    orders = [
        np.concatenate(batches_of(groups, 40, seed=seed, epochs=2)[0]).tolist()
        for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0][:400] != orders[0][400:]


def test_a_group_larger_than_half_a_batch_is_cut_and_named(caplog):
    groups = np.repeat([0, 1, 2], [100, 3, 3])
    found, _ = batches_of(groups, 20)
    assert max(map(len, found)) <= 27
    assert "more than 8 rows, half a batch: 1 of 3" in caplog.text
    assert "ctr_modeling.training.batch_size=201" in caplog.text


@pytest.mark.parametrize("taken", [0, 3])
def test_a_resumed_pass_goes_on_where_it_stopped(taken):
    groups = np.random.default_rng(0).integers(0, 50, 200)
    whole, order = batches_of(groups, 16)
    order.load_state_dict({"epoch": 0, "batch": taken})
    rest = list(order)
    assert len(rest) == len(whole) - taken
    for expected, found in zip(whole[taken:], rest, strict=True):
        assert np.array_equal(expected, found)
