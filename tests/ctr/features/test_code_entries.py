"""Every code embedding equals its plain formulation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from worlds import N_ITEMS, click_log, ctr_params, random_table, whole_batch

from mmctr.ctr.features.codes import CODE_EMBEDDINGS, make_code_embedding
from mmctr.ctr.features.codes.prefix import number_prefixes
from mmctr.ctr.models.din.model import Din

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
SEEN = np.arange(N_ITEMS + 1) > 0
UNSEEN = [3, 7, 8]
SEEDS = st.integers(0, 2**31)


def random_codes(rng: np.random.Generator, positions: int, size: int) -> np.ndarray:
    """Codes of 1..size; padding and item 5 have none."""
    codes = rng.integers(1, size + 1, (N_ITEMS + 1, positions))
    codes[[0, 5]] = 0
    return codes


def entry_of(
    name: str, codes: np.ndarray, seen: np.ndarray = SEEN, **model: object
) -> nn.Module:
    """A code embedding with random vectors, zeros for padding."""
    params = ctr_params(model={"code_entry": name, **model}).model
    torch.manual_seed(0)
    entry = make_code_embedding(codes, seen, params)
    with torch.no_grad():
        nn.init.normal_(entry.table.weight)[0] = 0
    return entry


def naive(name: str, entry: nn.Module, codes: np.ndarray, item: int) -> torch.Tensor:
    """One item, code by code, from the embedding's own table."""
    row, table, size = codes[item], entry.table.weight, codes.max()
    given = [(place, code) for place, code in enumerate(row) if code > 0]
    zero = table[0] * 0
    if name == "bag":
        return sum((table[code] for _, code in given), zero) / max(len(given), 1)
    if name == "positional":
        vectors = [table[place * size + code] for place, code in given]
        return sum(vectors, zero) / len(row) ** 0.5
    if name == "concat":
        return torch.cat(
            [
                table[place * size + code] if code else zero
                for place, code in enumerate(row)
            ]
        )
    # prefix: numbered level by level, in the order of the codes.
    levels = min(3, len(row))
    numbered = {}
    for length in range(1, levels + 1):
        for prefix in sorted({tuple(x[:length]) for x in codes if x[0]}):
            numbered[prefix] = len(numbered) + 1
    vectors = [table[numbered[tuple(row[: n + 1])]] for n, _ in given[:levels]]
    return sum(vectors, zero) / levels**0.5


@pytest.mark.parametrize("name", CODE_EMBEDDINGS)
@given(seed=SEEDS, positions=st.sampled_from([1, 2, 4, 16, 64]))
@settings(max_examples=10, deadline=None)
def test_it_equals_looking_up_code_by_code(name, seed, positions):
    """Outputs and gradients; padding has neither."""
    rng = np.random.default_rng(seed)
    codes = random_codes(rng, positions, 4)
    entry = entry_of(name, codes)
    items = rng.integers(0, N_ITEMS + 1, 12)
    items[:2] = 0, 5
    out = entry(torch.from_numpy(items))
    expected = torch.stack([naive(name, entry, codes, item) for item in items])
    assert out.shape == (12, entry.width)
    assert not out[:2].any()
    torch.testing.assert_close(out, expected, **CLOSE)
    upstream = torch.randn_like(out)
    mine, other = (
        torch.autograd.grad((x * upstream).sum(), entry.table.weight)[0]
        for x in (out, expected)
    )
    torch.testing.assert_close(mine[1:], other[1:], **CLOSE)
    if name != "bag":
        assert not mine[0].any()


@pytest.mark.parametrize("name", CODE_EMBEDDINGS)
def test_din_trains_its_table(name):
    """Every code of the batch's items gets a gradient, padding none."""
    rng = np.random.default_rng(1)
    table = random_table(rng)
    model = Din(table, SEEN, ctr_params(model={"code_entry": name}))
    feature = model.items.features["title_codes"]
    assert model.items.width == sum(x.width for x in model.items.features.values())
    model(whole_batch(click_log(rng, 200))).square().sum().backward()
    gradients = feature.table.weight.grad
    assert not gradients[0].any()
    assert (gradients[1:].abs().sum(dim=1) > 0).float().mean() > 0.9


@pytest.mark.parametrize("name", CODE_EMBEDDINGS)
def test_the_order_of_codes_matters_except_for_a_bag(name):
    codes = random_codes(np.random.default_rng(2), 4, 4)
    codes[1], codes[2] = [1, 2, 3, 4], [4, 3, 2, 1]
    one, two = entry_of(name, codes)(torch.tensor([1, 2]))
    assert torch.allclose(one, two) == (name == "bag")


def test_a_position_has_columns_of_its_own_in_concat():
    codes = random_codes(np.random.default_rng(3), 4, 4)
    codes[1], codes[2] = [1, 2, 3, 4], [1, 2, 4, 4]
    entry = entry_of("concat", codes, concat={"width": 2})
    one, two = entry(torch.tensor([1, 2]))
    assert (one != two).tolist() == [False] * 4 + [True] * 2 + [False] * 2


@pytest.mark.parametrize(
    ("positions", "width", "advice"),
    [
        (65, 8, "concat.width to 7 or less, or take fewer"),
        (600, 1, "than 512; take fewer codes"),
    ],
)
def test_concat_refuses_too_many_columns(positions, width, advice):
    codes = random_codes(np.random.default_rng(4), positions, 3)
    with pytest.raises(ValueError, match=advice):
        entry_of("concat", codes, concat={"width": width})


def test_equal_codes_after_different_prefixes_differ():
    codes = np.array([[0, 0, 0], [1, 1, 2], [1, 1, 3], [2, 1, 2], [2, 1, 0]])
    numbers, count = number_prefixes(codes)
    assert numbers.tolist() == [
        [0, 0, 0],
        [1, 3, 5],
        [1, 3, 6],
        [2, 4, 7],
        [2, 4, 0],
    ]
    assert count == 8


def test_an_item_with_new_prefixes_uses_the_shorter_ones():
    """Vectors that no training row changes are left out, also after loading."""
    codes = random_codes(np.random.default_rng(5), 3, 4)
    codes[UNSEEN] = [[1, 9, 9], [9, 1, 1], [1, 2, 3]]
    codes[1], codes[2] = [1, 2, 3], [1, 4, 4]
    seen = SEEN.copy()
    seen[UNSEEN] = False
    entry = entry_of("prefix", codes, seen)
    new, no_known_prefix, like_1, item_1 = entry(torch.tensor([*UNSEEN, 1]))
    torch.testing.assert_close(new, entry.table.weight[1] / 3**0.5)
    assert not no_known_prefix.any()
    assert torch.equal(like_1, item_1)

    loaded = entry_of("prefix", codes, np.zeros(N_ITEMS + 1, bool))
    loaded.load_state_dict(entry.state_dict())
    items = torch.arange(N_ITEMS + 1)
    assert torch.equal(loaded(items), entry(items))


def test_the_number_of_levels_is_a_parameter():
    codes = random_codes(np.random.default_rng(6), 4, 4)
    codes[1], codes[2] = [1, 2, 3, 4], [1, 2, 1, 1]
    for levels, same in ((2, True), (3, False)):
        one, two = entry_of("prefix", codes, prefix={"levels": levels})(
            torch.tensor([1, 2])
        )
        assert torch.equal(one, two) == same


def test_both_modalities_have_a_code_embedding():
    rng = np.random.default_rng(7)
    table = random_table(rng)
    table = replace(table, codes=table.codes | {"image": random_codes(rng, 5, 3)})
    model = Din(table, SEEN, ctr_params(model={"code_entry": "concat"}))
    assert model.items.features["title_codes"].width == 6 * 8
    assert model.items.features["image_codes"].width == 5 * 8
