"""Every model is trained, resumed and estimated as DIN is."""

from typing import Any

import numpy as np
import pytest
import torch
from killed_trainings import KillAt, Killed, require_equal, train
from worlds import N_ITEMS, click_log, ctr_params, random_table, whole_batch

from mmctr.ctr.models import MODELS, model_class
from mmctr.ctr.params import CtrParams
from mmctr.ctr.prediction import predict_clicks

DROPOUTS = {"attention_dropout": 0.2, "dnn_dropout": 0.2, "item_id_dropout": 0.2}
# 10 batches per pass, a checkpoint every 4 steps.
TRAINING = {
    "batch_size": 32,
    "learning_rate": 0.01,
    "max_epochs": 2,
    "patience": 9,
    "weight_average": 0.9,
    "network_l2": 0.001,
}
OTHERS = [name for name in MODELS if name != "din"]


def params_of(**model: Any) -> CtrParams:
    """With all dropouts, and often checkpoints."""
    params = ctr_params(model=DROPOUTS | model, training=TRAINING)
    kept = params.checkpoint.model_copy(update={"every_steps": 4})
    return params.model_copy(update={"checkpoint": kept})


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    return random_table(rng), click_log(rng, 320), click_log(rng, 120)


@pytest.mark.parametrize("name", OTHERS)
def test_a_killed_training_gives_the_same_result(world, tmp_path, name):
    params = params_of(name=name)
    whole = train(world, params, None)
    for step in (5, 13):
        with pytest.raises(Killed):
            train(world, params, tmp_path, KillAt(step))
    require_equal(train(world, params, tmp_path), whole)
    scores = predict_clicks(world[0], whole.weights, world[2], params)
    assert np.isfinite(scores).all() and scores.std() > 0


@pytest.mark.parametrize("name", OTHERS)
def test_the_number_of_threads_changes_no_gradient(world, name):
    """Wide enough for kernels that share their work."""
    table, log, _ = world
    params = ctr_params(model={"name": name, "embedding_dim": 33, **DROPOUTS})
    batch = whole_batch(log)
    found = []
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        model = model_class(name)(table, np.ones(N_ITEMS + 1, bool), params).train()
        model(batch).square().sum().backward()
        found.append([weight.grad.clone() for weight in model.parameters()])
    torch.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)
