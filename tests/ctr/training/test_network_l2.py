"""L2 of the network's weights: FuxiCTR's ``net_regularizer``, and what it does."""

import numpy as np
import pytest
import torch
from fuxi_din import FuxiDin, gradient
from worlds import click_log, ctr_params, random_table

from mmctr.ctr.models.din.model import Din
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.optimizer import add_l2_gradient, network_weights


@pytest.fixture(scope="module")
def twins():
    """Our model and FuxiCTR's, with the same weights, zero for padding alone."""
    table, params = random_table(np.random.default_rng(0)), ctr_params()
    ours = Din(table, np.ones(table.n_items + 1, bool), params)
    with torch.no_grad():
        for weight in ours.parameters():
            weight.add_(0.1)
        for module in ours.modules():
            if isinstance(module, torch.nn.Embedding) and module.padding_idx == 0:
                module.weight[0] = 0
    theirs = FuxiDin(table, ours, params)
    theirs.copy_from(ours)
    return ours, theirs


def test_it_is_the_penalty_of_fuxictr(twins):
    """Value and gradient of lambda/2 ||W||^2, biases and norm weights included."""
    from fuxictr.pytorch.models import BaseModel

    ours, theirs = twins
    theirs._embedding_regularizer, theirs._net_regularizer = 0.03, 0.05
    penalty = BaseModel.regularization_loss(theirs)
    penalty.backward()
    groups = ((0.03, ours.embedding_tables()), (0.05, network_weights(ours)))
    value = sum(
        strength / 2 * sum((each**2).sum() for each in weights)
        for strength, weights in groups
    )
    torch.testing.assert_close(value, penalty, rtol=1e-5, atol=0)
    for strength, weights in groups:
        for weight in weights:
            weight.grad = torch.zeros_like(weight)
        add_l2_gradient(weights, strength)
    for mine, other in theirs.pairs(ours, gradient):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-8)


def test_tables_and_network_are_all_weights(twins):
    ours, _ = twins
    every = {id(weight) for weight in ours.parameters()}
    parts = [*ours.embedding_tables(), *network_weights(ours)]
    assert len(parts) == len(every)
    assert {id(weight) for weight in parts} == every


def test_a_strong_one_makes_a_small_network():
    rng = np.random.default_rng(0)
    table, log, valid = random_table(rng), click_log(rng, 640), click_log(rng, 120)
    norms = []
    for strength in (0.0, 0.3):
        settings = {"batch_size": 64, "learning_rate": 0.01, "network_l2": strength}
        params = ctr_params(training={**settings, "max_epochs": 4, "patience": 9})
        groups = np.arange(len(valid)) // 4
        weights = train_ctr_model(table, log, valid, groups, params).weights
        norms.append(weights["head.layers.0.weight"].norm())
    assert norms[1] < 0.5 * norms[0]
