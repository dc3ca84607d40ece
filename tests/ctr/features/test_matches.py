"""Counts of codes that target and history share equal those of a loop."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import N_ITEMS, click_log, ctr_params, random_table, whole_batch

from mmctr.ctr.features import code_matches as matches
from mmctr.ctr.features.code_matches import CodeMatches
from mmctr.ctr.models.din.model import Din

SEEDS = st.integers(0, 2**31)


def by_loop(
    codes: np.ndarray, target: np.ndarray, history: np.ndarray, segment: np.ndarray
) -> np.ndarray:
    """Agreements by position, then how many history items agree in 1, 2, .. codes."""
    positions = codes.shape[1]
    counts = np.zeros((len(target), 2 * positions))
    for row, item in zip(segment, history, strict=True):
        same = [
            position
            for position in range(positions)
            if codes[item, position] == codes[target[row], position] != 0
        ]
        counts[row, same] += 1
        if same:
            counts[row, positions + len(same) - 1] += 1
    return counts


@given(seed=SEEDS, positions=st.integers(1, 6), size=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_counts_equal_those_of_a_loop(seed, positions, size):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, size + 1, (N_ITEMS + 1, positions))
    codes[[0, 5]] = 0
    target = rng.integers(0, N_ITEMS + 1, 7)
    segment = np.sort(rng.integers(0, 7, 30))
    history = rng.integers(0, N_ITEMS + 1, 30)
    module = CodeMatches(codes, 4)
    found = module.counts(*(torch.from_numpy(x) for x in (target, history, segment)))
    np.testing.assert_array_equal(
        found.numpy(), by_loop(codes, target, history, segment)
    )


def test_long_histories_are_counted_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    codes = rng.integers(1, 4, (N_ITEMS + 1, 3))
    module = CodeMatches(codes, 4)
    target, history = torch.arange(8), torch.arange(40)
    segment = torch.arange(40) // 5
    whole = module.counts(target, history, segment)
    monkeypatch.setattr(matches, "_CELLS", 9)
    assert torch.equal(module.counts(target, history, segment), whole)


@pytest.mark.parametrize("content", ["matches", "codes+matches"])
def test_it_reaches_the_score_and_its_layer_learns(content):
    rng = np.random.default_rng(1)
    table, log = random_table(rng), click_log(rng, 64)
    model = Din(
        table, np.arange(N_ITEMS + 1) > 0, ctr_params(features={"content": content})
    )
    model(whole_batch(log)).sum().backward()
    for module in model.comparisons.values():
        assert module.layer.weight.grad.abs().sum() > 0
    assert set(model.comparisons) == {"title_matches", "image_matches"}
