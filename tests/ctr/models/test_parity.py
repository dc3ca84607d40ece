"""The fast core computes what FuxiCTR's own layers compute, gradients included."""

from contextlib import nullcontext
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import torch
from fuxi_din import FuxiDin, gradient, pad
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn import functional
from worlds import N_ITEMS, ROW_LEVELS, click_log, ctr_params, random_table, whole_batch

from mmctr.ctr.layers.item_vectors import ItemVectors
from mmctr.ctr.layers.low_cardinality import LowCardinalityBlock
from mmctr.ctr.models.base import EmbeddedBatch
from mmctr.ctr.models.din.attention import TargetAttention
from mmctr.ctr.models.din.model import Din

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
SEEN = np.ones(N_ITEMS + 1, bool)
SEEDS = st.integers(0, 2**31)


@given(seed=SEEDS, rows=st.integers(1, 12), longest=st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_attention_equals_fuxictr(seed, rows, longest):
    """Outputs and gradients agree with FuxiCTR's padded layer on the same weights."""
    from fuxictr.pytorch.layers import DIN_Attention

    rng = np.random.default_rng(seed)
    batch = whole_batch(click_log(rng, rows, longest=longest))
    padded = pad(batch, extra=1)
    torch.manual_seed(seed)
    ours = TargetAttention(6, [8, 5], dropout=0.0, seed=0, first_layer=1)
    theirs = DIN_Attention(embedding_dim=6, attention_units=[8, 5])
    theirs.attention_layer.mlp.load_state_dict(ours.attention_layer.state_dict())
    vectors = torch.randn(N_ITEMS + 1, 6)
    vectors[0] = 0
    of_ours, of_theirs = (vectors.clone().requires_grad_() for _ in range(2))
    upstream = torch.randn(rows, 6)

    places = batch.target, batch.history, batch.segment
    out = ours(EmbeddedBatch(ItemVectors(of_ours), *places))
    expected = theirs(
        of_theirs[padded.target], of_theirs[padded.history], padded.history > 0
    )
    (out * upstream).sum().backward()
    (expected * upstream).sum().backward()

    torch.testing.assert_close(out, expected, **CLOSE)
    torch.testing.assert_close(of_ours.grad[1:], of_theirs.grad[1:], **CLOSE)
    for mine, other in zip(
        ours.parameters(), theirs.attention_layer.parameters(), strict=True
    ):
        torch.testing.assert_close(mine.grad, other.grad, **CLOSE)


@example(seed=0, rows=2, longest=1, column=0, count=3, cut=False)
@given(
    seed=SEEDS,
    rows=st.integers(1, 12),
    longest=st.integers(0, 9),
    column=st.sampled_from([0, 2, 4]),
    count=st.integers(1, 3),
    cut=st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_attention_on_levels_equals_fuxictr(seed, rows, longest, column, count, cut):
    """Some of three features are levels, or all; items are fewer than positions or not.

    FuxiCTR's layer gets the whole vectors.
    """
    from fuxictr.pytorch.layers import DIN_Attention

    rng = np.random.default_rng(seed)
    batch = whole_batch(click_log(rng, rows, longest=longest))
    torch.manual_seed(seed)
    ours = TargetAttention(6, [8, 5], dropout=0.0, seed=0, first_layer=1)
    theirs = DIN_Attention(embedding_dim=6, attention_units=[8, 5])
    theirs.attention_layer.mlp.load_state_dict(ours.attention_layer.state_dict())
    count = min(count, 3 - column // 2)
    free = torch.randn(N_ITEMS + 1, 6 - 2 * count, requires_grad=True)
    tables = torch.randn(count, 4, 2, requires_grad=True)
    levels = LowCardinalityBlock(
        column, tables, torch.randint(0, 4, (count, N_ITEMS + 1))
    )
    of_batch = [batch.target, batch.history]
    vectors = ItemVectors(free, levels)
    if cut:  # to the batch's items, as training does
        vectors = ItemVectors(free[batch.items], levels.of(batch.items))
        of_batch = list(batch.places.split([rows, len(batch.history)]))
    whole = ItemVectors(free, levels).whole()
    padded = pad(batch, extra=1)
    upstream = torch.randn(rows, 6)

    out = ours(EmbeddedBatch(vectors, *of_batch, batch.segment))
    expected = theirs(whole[padded.target], whole[padded.history], padded.history > 0)
    torch.testing.assert_close(out, expected, **CLOSE)
    inputs = [free, tables]
    gradients = (
        torch.autograd.grad(
            (result * upstream).sum(),
            [*inputs, *layer.parameters()],
            allow_unused=True,
            materialize_grads=True,
        )
        for result, layer in ((out, ours), (expected, theirs.attention_layer))
    )
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other, **CLOSE)


@pytest.mark.parametrize("only", ["likes", "title_codes"])
def test_din_on_one_feature_equals_fuxictr(only):
    rng = np.random.default_rng(1)
    table = random_table(rng)
    is_field = only == "likes"
    params = ctr_params(
        features={
            "item_id": False,
            "fields": [only] * is_field,
            "modalities": ["title"] * (not is_field),
        },
        model={"code_entry": "bag", "batch_norm": False},
    )
    ours = Din(table, SEEN, params)
    theirs = FuxiDin(table, ours, params)
    theirs.copy_from(ours)
    batch = whole_batch(click_log(rng, 12))
    out, expected = ours(batch), theirs(pad(batch))
    out.sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(out, expected, **CLOSE)
    for mine, other in theirs.pairs(ours, gradient):
        torch.testing.assert_close(mine, other, **CLOSE)


def test_a_collapsed_codebook_is_counted_whole():
    """One code 300 times per item, which one byte can't hold."""
    table = random_table(np.random.default_rng(1))
    codes = np.full((N_ITEMS + 1, 300), 2)
    codes[0], codes[1, :40] = 0, 1
    table = replace(table, codes=table.codes | {"title": codes})
    params = ctr_params(model={"code_entry": "bag"})
    feature = Din(table, SEEN, params).items.features["title_codes"]
    one, two = feature.table.weight[1:3]
    mean = (40 * one + 260 * two) / 300
    out = feature(torch.tensor([1, 2]))
    torch.testing.assert_close(out, torch.stack([mean, two]), **CLOSE)


@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_item_embedding_equals_fuxictr(seed):
    """Ids, mean-pooled tags, levels and code bags are FuxiCTR's FeatureEmbedding."""
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    params = ctr_params(model={"code_entry": "bag"}, seed=seed)
    ours = Din(table, SEEN, params)
    theirs = FuxiDin(table, ours, params)
    theirs.copy_from(ours)
    items = torch.from_numpy(rng.integers(0, N_ITEMS + 1, 30))
    upstream = torch.randn(30, ours.items.width)

    out, expected = ours.items(items).whole(), theirs.embed(items)
    (out * upstream).sum().backward()
    (expected * upstream).sum().backward()

    torch.testing.assert_close(out, expected, **CLOSE)
    for mine, other in theirs.item_pairs(ours, gradient):
        torch.testing.assert_close(mine, other, **CLOSE)


@given(
    seed=SEEDS,
    rows=st.integers(2, 16),
    row_levels=st.booleans(),
    images=st.booleans(),
    onednn=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_din_equals_fuxictr(seed, rows, row_levels, images, onednn):
    """Logits and all gradients of the whole model agree at float32.

    With oneDNN every product goes through it, and many spare rows with it.
    """
    rng = np.random.default_rng(seed)
    table = random_table(rng, image_positions=3 if images else 0)
    params = ctr_params(
        model={"code_entry": "bag", "batch_norm": False},
        seed=seed,
    )
    ours = Din(table, SEEN, params, row_fields=ROW_LEVELS if row_levels else ())
    theirs = FuxiDin(table, ours, params)
    theirs.copy_from(ours)
    batch = whole_batch(click_log(rng, rows, levels=row_levels))

    # FuxiCTR's layer can't take histories without any position.
    expected = theirs(pad(batch, extra=1))
    always = patch.multiple(
        "mmctr.runtime.linear",
        _is_worth_it=lambda rows, weight: rows.numel() > 0,
        _STEPS_AN_OCTAVE=2,
        uses_onednn=lambda device: True,
    )
    with always if onednn else nullcontext():
        out = ours(batch)
        functional.binary_cross_entropy_with_logits(out, batch.label).backward()
    functional.binary_cross_entropy(expected.sigmoid(), batch.label).backward()

    torch.testing.assert_close(out, expected, **CLOSE)
    for mine, other in theirs.pairs(ours, gradient):
        torch.testing.assert_close(mine, other, **CLOSE)


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_positional_codes_add_up_a_table_per_position(seed):
    """The pooled lookup is the sum over positions of separate tables, over sqrt."""
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    model = Din(table, SEEN, ctr_params(seed=seed))
    feature = model.items.features["title_codes"]
    items = torch.from_numpy(rng.integers(0, N_ITEMS + 1, 20))
    positions = table.codes["title"].shape[1]
    size = int(table.codes["title"].max())

    expected = torch.zeros(20, 4)
    for position in range(positions):
        first = 1 + position * size
        book = torch.cat(
            [torch.zeros(1, 4), feature.table.weight[first : first + size]]
        )
        expected += book[
            torch.from_numpy(table.codes["title"][items.numpy(), position])
        ]

    torch.testing.assert_close(feature(items), expected / positions**0.5, **CLOSE)
