"""Whole training steps equal FuxiCTR's: L2, clip and Adam included."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from fuxi_din import FuxiDin, pad
from torch.nn import functional
from torch.utils.data import DataLoader
from worlds import N_ITEMS, ROW_LEVELS, click_log, ctr_params, random_table, whole_batch

from mmctr.ctr.layers.dropout import dropout_layers, set_dropout_step
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.training.lightning_module import CtrLightningModule, ValidationRows

SEEN = np.ones(N_ITEMS + 1, bool)


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
        model={"code_entry": "bag"},
        training={"embedding_l2": l2, "learning_rate": rate, "clip_norm": clip},
    )
    log = click_log(rng, 32, levels=True)
    batch = whole_batch(log)
    ours = Din(table, SEEN, params, row_fields=ROW_LEVELS)
    theirs = FuxiDin(table, ours, params)
    theirs.copy_from(ours)
    theirs.double()

    task = CtrLightningModule(
        ours, ValidationRows(log.label, np.zeros(32, int)), params
    )
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


@pytest.mark.parametrize("clip", [0.05, 1e6], ids=["clip active", "clip idle"])
def test_steps_equal_plain_adam_with_l2_in_the_loss(clip):
    """Dropout on, the same masks on both sides, and the optimiser that is in use.

    The other side is written out: penalty in the loss, clip, Adam without fusing.
    """
    rng = np.random.default_rng(6)
    table, log = random_table(rng), click_log(rng, 48, levels=True)
    l2, rate = 0.02, 1e-3
    params = ctr_params(
        model={"code_entry": "bag", "attention_dropout": 0.4, "dnn_dropout": 0.3},
        training={"embedding_l2": l2, "learning_rate": rate, "clip_norm": clip},
    )
    ours, plain = (
        Din(table, SEEN, params, row_fields=ROW_LEVELS).double() for _ in range(2)
    )
    rows = [np.arange(48)[place::3] for place in range(3)]

    task = CtrLightningModule(
        ours, ValidationRows(log.label, np.zeros(48, int)), params
    )
    optimizer = task.configure_optimizers()["optimizer"]
    assert optimizer.defaults["fused"]
    theirs = torch.optim.Adam(plain.parameters(), lr=rate, foreach=False, fused=False)
    for step, taken in enumerate(rows):
        batch = log[taken]
        batch = batch._replace(label=batch.label.double())
        optimizer.zero_grad()
        set_dropout_step(dropout_layers(ours), step)
        task.training_step(batch, step).backward()
        task.configure_gradient_clipping(optimizer)
        optimizer.step()

        theirs.zero_grad()
        set_dropout_step(dropout_layers(plain), step)
        loss = functional.binary_cross_entropy_with_logits(plain(batch), batch.label)
        penalty = sum((weights**2).sum() for weights in plain.embedding_tables())
        (loss + l2 / 2 * penalty).backward()
        norm = torch.nn.utils.clip_grad_norm_(plain.parameters(), clip)
        assert (norm > clip) == (clip < 1)
        theirs.step()
    for mine, other in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-10)
