"""Several processes draw the mask that one would, each its part."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import click_log

from mmctr.ctr.inputs.batch_part import PartialLog
from mmctr.ctr.layers.dropout import StepDropout
from mmctr.runtime.ranks import Ranks

LOG = click_log(np.random.default_rng(3), 60)


@given(
    rows=st.lists(st.integers(0, 59), min_size=1, max_size=30, unique=True),
    count=st.integers(1, 4),
    width=st.integers(1, 9),
    spare=st.integers(0, 5),
)
@settings(deadline=None, max_examples=40)
def test_parts_are_those_of_the_whole_mask(rows, count, width, spare):
    rows = np.array(rows)
    whole = LOG[rows]
    n_rows, n_positions, n_items = (
        len(x) for x in (whole.target, whole.history, whole.items)
    )
    parts = [
        PartialLog(LOG, Ranks(rank, count), finds_items=True)[rows]
        for rank in range(count)
    ]
    assert torch.equal(torch.cat([x.own.target for x in parts]), whole.target)
    for each in parts:
        assert torch.equal(each.label, whole.label)
    sizes = {
        "rows": n_rows,
        "positions": n_positions,
        "items": n_items,
        "tokens": n_positions + n_rows,
    }
    for axis, size in sizes.items():
        layer = StepDropout(0.5, seed=1, layer=2, axis=axis)
        cpu, behind = torch.device("cpu"), 0 if axis == "rows" else spare
        mask = layer.draw_kept(torch.Size((size + behind, width)), cpu)
        for each in parts:
            own, (first, positions, items, _) = each.own, each.part
            before = torch.arange(len(own.target)) + first.start
            of_history = torch.arange(len(own.history)) + positions.start
            places = {
                "rows": before,
                "positions": of_history,
                "items": torch.searchsorted(whole.items, own.items),
                "tokens": torch.cat([of_history, before + n_positions]),
            }[axis]
            assert axis != "items" or torch.equal(places, items)
            layer.part = each.part
            shape = torch.Size((len(places) + behind, width))
            found = layer.draw_kept(shape, cpu)
            assert torch.equal(found[: len(places)], mask[places])


def test_a_mask_of_something_else_is_refused():
    layer = StepDropout(0.5, seed=1, layer=2)
    layer.part = PartialLog(LOG, Ranks(0, 2), finds_items=False)[np.arange(8)].part
    assert layer(torch.ones(4, 3)).shape == (4, 3)
    with pytest.raises(ValueError, match="over rows: expected 4 entries, got 5"):
        layer(torch.ones(5, 3))
