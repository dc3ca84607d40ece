"""Work on the vectors of all items is done once."""

import numpy as np
import pytest
from worlds import N_ITEMS, click_log, ctr_params, random_table, with_vectors

from mmctr.ctr.features.vectors import Projection
from mmctr.ctr.inputs import item_table
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.memory_estimate import estimate_memory


@pytest.fixture
def world():
    """A table with vectors, and rows."""
    rng = np.random.default_rng(0)
    return with_vectors(rng, random_table(rng)), click_log(rng, 16)


def _counted(monkeypatch, owner, name) -> list[int]:
    calls: list[int] = []
    function = getattr(owner, name)

    def counting(*args):
        calls.append(1)
        return function(*args)

    monkeypatch.setattr(owner, name, counting)
    return calls


def test_vectors_are_reconstructed_once_per_table(world, monkeypatch):
    """For the memory estimate, the vectors themselves and their similarities."""
    table, log = world
    calls = _counted(monkeypatch, item_table, "reconstruct_from_codes")
    params = ctr_params(
        features={"content": "continuous+similarity", "vectors": "decoded"}
    )
    estimate_memory(table, log, log, params)
    Din(table, np.ones(N_ITEMS + 1, bool), params)
    assert len(calls) == 2  # titles and images


def test_vectors_are_transformed_once_where_weights_are_loaded(world, monkeypatch):
    """With the projection stored in the weights."""
    table, log = world
    params = ctr_params(features={"content": "continuous"})
    weights = Din(table, np.ones(N_ITEMS + 1, bool), params).state_dict()
    calls = _counted(monkeypatch, Projection, "transform")
    predict_clicks(table, weights, log, params)
    assert len(calls) == 2
