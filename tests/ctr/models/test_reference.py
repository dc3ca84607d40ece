"""DIN with the reference's settings, built from FuxiCTR's layers, against ours.

The settings are read from the environment `microlens`; dropout alone is set to 0, since
two programs draw different masks. Codes are stored as k+1, as everywhere.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from fuxi_din import FuxiDin, gradient, pad
from paths import CONF
from torch.nn import functional
from worlds import (
    N_ITEMS,
    ROW_LEVELS,
    click_log,
    ctr_params,
    random_table,
    whole_batch,
    with_items,
)

from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.optimizer import add_l2_gradient

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def reference_params() -> CtrParams:
    """The parameters of the environment, without dropout."""
    settings = yaml.safe_load((CONF / "microlens" / "parameters.yml").read_text())
    chosen = settings["ctr_modeling"]
    model = {**chosen["model"], "attention_dropout": 0.0, "dnn_dropout": 0.0}
    return ctr_params(
        features=chosen["features"],
        model=model,
        training=chosen["training"],
        seed=20242025,
    )


def reference_table(rng: np.random.Generator) -> ItemTable:
    """Items with 512 codes of 1,024 per modality; codeword 0 of each is in use."""
    small = random_table(rng)
    codes = rng.integers(1, 1025, (2, N_ITEMS + 1, 512))
    codes[:, 1, :20] = 1
    codes[:, 2, 0] = 1024
    codes[:, 0] = 0
    return replace(small, codes=dict(zip(("title", "image"), codes, strict=True)))


@pytest.fixture
def pair():
    """Our model, FuxiCTR's with the same weights, and a batch of 24 rows.

    Embeddings start at 1e-4 as the reference's do; they are scaled up so that every
    term of the forward pass weighs something.
    """
    rng = np.random.default_rng(7)
    table, params = reference_table(rng), reference_params()
    seen = np.ones(N_ITEMS + 1, bool)
    ours = Din(table, seen, params, row_fields=ROW_LEVELS)
    with torch.no_grad():
        for weights in ours.embedding_tables():
            weights.mul_(2000)
    theirs = FuxiDin(table, ours, params)
    theirs.copy_from(ours)
    return ours, theirs, whole_batch(click_log(rng, 24, levels=True)), params


def test_the_settings_are_the_references():
    params = reference_params()
    assert params.model.embedding_dim == 64
    assert params.model.attention_units == [512, 256]
    assert params.model.dnn_units == [1024, 512, 256]
    assert params.model.batch_norm
    assert params.model.code_entry == "bag"
    assert params.model.item_id_dropout == 0
    training = params.training
    assert (training.learning_rate, training.batch_size) == (1e-5, 384)
    assert (training.embedding_l2, training.clip_norm) == (1e-7, 10)
    assert (training.lr_factor, training.min_learning_rate) == (0.1, 1e-6)
    assert (training.patience, training.max_history) == (3, 64)
    assert params.features.uses("row_likes")


def test_logits_loss_and_clipped_gradients(pair):
    ours, theirs, batch, params = pair
    logits, losses, norms = _step_before_adam(ours, theirs, batch, params)
    torch.testing.assert_close(*logits, **CLOSE)
    torch.testing.assert_close(*losses, **CLOSE)
    torch.testing.assert_close(*norms, **CLOSE)
    for mine, other in theirs.pairs(ours, gradient):
        torch.testing.assert_close(mine, other, **CLOSE)


def test_one_adam_step(pair):
    """In double precision: Adam's first step is the learning rate times the sign of the
    gradient, so in single precision rounding alone would decide it."""
    ours, theirs, batch, params = pair
    ours.double()
    theirs.double()
    batch = batch._replace(label=batch.label.double())
    before = [weights.clone() for weights in ours.parameters()]
    _step_before_adam(ours, theirs, batch, params)
    for model in (ours, theirs):
        torch.optim.Adam(model.parameters(), lr=params.training.learning_rate).step()
    for mine, other in theirs.pairs(ours):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-10)
    moved = [
        not torch.equal(now, then)
        for now, then in zip(ours.parameters(), before, strict=True)
    ]
    assert all(moved)


def _step_before_adam(ours, theirs, batch, params):
    """Backward, L2 and an active clip of both; pairs of logits, losses and norms."""
    strength = params.training.embedding_l2
    tables = ours.embedding_tables()
    logits = ours(batch)
    loss = functional.binary_cross_entropy_with_logits(logits, batch.label)
    loss.backward()
    add_l2_gradient(tables, strength)
    loss = loss + strength / 2 * sum((table**2).sum() for table in tables)

    expected = theirs(pad(batch))
    of_theirs = [*theirs.embedding.parameters(), *theirs.row_levels.parameters()]
    penalty = sum(strength / 2 * table.norm() ** 2 for table in of_theirs)
    reference = functional.binary_cross_entropy(expected.sigmoid(), batch.label)
    reference = reference + penalty
    reference.backward()

    gradients = [weights.grad for weights in theirs.parameters()]
    half = float(torch.nn.utils.get_total_norm(gradients)) / 2
    norms = [
        torch.nn.utils.clip_grad_norm_(model.parameters(), half)
        for model in (ours, theirs)
    ]
    return (logits, expected), (loss, reference), norms


def test_weights_can_be_copied_to_fuxictr_and_back(pair):
    ours, theirs, batch, _ = pair
    before = ours(batch)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.01)
        for table in theirs.embedding.parameters():
            table[0] = 0
    theirs.copy_to(ours)
    after = ours(batch)
    assert not torch.allclose(before, after)
    torch.testing.assert_close(after, theirs(pad(batch)), **CLOSE)


def test_the_first_codeword_is_learned(pair):
    """The reference's code 0 fell on the padding row: zero for good, not averaged."""
    ours, _, batch, _ = pair
    only_item_1 = with_items(batch, target=torch.ones_like(batch.target))
    functional.binary_cross_entropy_with_logits(
        ours(only_item_1), batch.label
    ).backward()
    for name in ("title_codes", "image_codes"):
        gradient = ours.items.features[name].table.weight.grad
        assert gradient[1].any()
        assert not gradient[0].any()
