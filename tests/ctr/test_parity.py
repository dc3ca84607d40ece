"""The fast core computes what FuxiCTR's own layers compute, gradients included."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from torch.utils.data import DataLoader
from worlds import (
    N_ITEMS,
    FuxiDin,
    click_log,
    ctr_params,
    pad,
    random_table,
    whole_batch,
)

from mmctr.ctr.attention import TargetAttention
from mmctr.ctr.din import Din
from mmctr.ctr.item_vectors import ItemVectors
from mmctr.ctr.training import CtrTask, ValidationRows

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

    out = ours(ItemVectors(of_ours), batch.target, batch.history, batch.segment)
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
    for mine, other in theirs.pairs(ours)[: len(ours.items.features)]:
        torch.testing.assert_close(mine.grad, other.grad, **CLOSE)


@given(
    seed=SEEDS, rows=st.integers(2, 16), row_levels=st.booleans(), images=st.booleans()
)
@settings(max_examples=20, deadline=None)
def test_din_equals_fuxictr(seed, rows, row_levels, images):
    """Logits and all gradients of the whole model agree at float32."""
    rng = np.random.default_rng(seed)
    table = random_table(rng, image_positions=3 if images else 0)
    params = ctr_params(
        features={"row_levels": row_levels},
        model={"code_entry": "bag", "batch_norm": False},
        seed=seed,
    )
    ours = Din(table, SEEN, params)
    theirs = FuxiDin(table, ours, params)
    theirs.copy_from(ours)
    batch = whole_batch(click_log(rng, rows))

    out, expected = ours(batch), theirs(pad(batch))
    functional.binary_cross_entropy_with_logits(out, batch.label).backward()
    functional.binary_cross_entropy(expected.sigmoid(), batch.label).backward()

    torch.testing.assert_close(out, expected, **CLOSE)
    for mine, other in theirs.pairs(ours):
        torch.testing.assert_close(mine.grad, other.grad, **CLOSE)


@pytest.mark.parametrize("clip", [0.05, 1e6], ids=["clip active", "clip idle"])
def test_training_step_equals_fuxictr(clip):
    """One step of our trainer is one step of FuxiCTR's: L2, clip and Adam included.

    FuxiCTR adds lambda/2 ||E||^2 to the loss, so its clip sees the L2 part too. In
    double precision, so that rounding can't be what differs.
    """
    rng = np.random.default_rng(5)
    table = random_table(rng)
    l2, rate = 0.02, 1e-3
    params = ctr_params(
        features={"row_levels": True},
        model={"code_entry": "bag"},
        training={"embedding_l2": l2, "learning_rate": rate, "clip_norm": clip},
    )
    log = click_log(rng, 32)
    batch = whole_batch(log)
    ours = Din(table, SEEN, params)
    theirs = FuxiDin(table, ours, params)
    theirs.copy_from(ours)
    theirs.double()

    task = CtrTask(ours, ValidationRows(log.label, np.zeros(32, int)), params)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=1,
        precision="64-true",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    loader = DataLoader(log, sampler=[np.arange(32)], batch_size=None)
    trainer.fit(task, loader, loader)

    optimizer = torch.optim.Adam(theirs.parameters(), lr=rate)
    tables = [
        *theirs.embedding.parameters(),
        *theirs.row_levels.parameters(),
    ]
    loss = functional.binary_cross_entropy(
        theirs(pad(batch)).sigmoid(), batch.label.double()
    )
    (loss + sum(l2 / 2 * table.norm() ** 2 for table in tables)).backward()
    norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip)
    assert (norm > clip) == (clip < 1)
    optimizer.step()

    ours.double()
    for mine, other in theirs.pairs(ours):
        torch.testing.assert_close(mine, other, rtol=1e-7, atol=1e-9)


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_positional_codes_add_up_a_table_a_position(seed):
    """The pooled lookup is the sum over positions of separate tables, over sqrt."""
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    model = Din(table, SEEN, ctr_params(seed=seed))
    feature = model.items.features["title_codes"]
    items = torch.from_numpy(rng.integers(0, N_ITEMS + 1, 20))
    positions = table.title_codes.shape[1]
    size = int(table.title_codes.max())

    expected = torch.zeros(20, 4)
    for position in range(positions):
        first = 1 + position * size
        book = torch.cat(
            [torch.zeros(1, 4), feature.table.weight[first : first + size]]
        )
        expected += book[torch.from_numpy(table.title_codes[items.numpy(), position])]

    torch.testing.assert_close(feature(items), expected / positions**0.5, **CLOSE)
