"""Trainings by the workers of a Ray cluster: those of one process, also after kills."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from killed_trainings import KilledOnce
from local_clusters import local_nodes
from worlds import click_log, ctr_params, random_table, with_vectors

from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.on_cluster import training_by
from mmctr.runtime.scale.cluster import Cluster, connected_cluster
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(5)
    table = with_vectors(rng, random_table(rng))
    train, valid = click_log(rng, 150), click_log(rng, 60)
    return table, train, valid, np.arange(60) // 4


def params_of(**training: object):
    params = ctr_params(
        features={"content": "codes+continuous", "item_id": True},
        # Batch normalisation takes away the bias before it, whose gradient then is
        # rounding alone, and Adam makes steps of it: test_across_ranks has it in fp64.
        model={"dnn_dropout": 0.1, "item_id_dropout": 0.2, "batch_norm": False},
        training={"batch_size": 40, "max_epochs": 2, **training},
    )
    kept = params.checkpoint.model_copy(update={"every_steps": 2})
    return params.model_copy(update={"checkpoint": kept})


def test_without_a_cluster_this_process_trains(tmp_path):
    assert training_by(None, ONE_MACHINE, tmp_path) == (train_ctr_model, tmp_path)


def test_nodes_without_a_common_folder_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("mmctr.ctr.training.on_cluster.cluster_nodes", lambda: [{}, {}])
    for storage in (None, "s3://bucket/path"):
        scale = ScaleParams(backend="ray", storage=storage)
        with pytest.raises(ValueError, match="expected a folder that all nodes"):
            training_by(Cluster(2, 1, 0), scale, tmp_path)


@pytest.mark.system
def test_two_nodes_train_as_one_process_though_a_worker_is_killed(
    world, tmp_path, caplog
):
    caplog.set_level("INFO")
    expected = train_ctr_model(*world, params_of())
    with local_nodes(2) as (_, params):
        scale = params.model_copy(update={"workers": 2, "storage": str(tmp_path)})
        with connected_cluster(scale) as cluster:
            train, kept = training_by(cluster, scale, None)
            killed = KilledOnce(5, tmp_path / "killed")
            found = train(*world, params_of(), checkpoints=kept, callbacks=[killed])
            assert (tmp_path / "killed").exists()
            assert "2 workers on a cluster of 3 nodes" in caplog.text
            assert f"checkpoints are in {kept}" in caplog.text
            labels = world[1].label.copy()
            labels[0] = 3
            wrong = (world[0], replace(world[1], label=labels), *world[2:])
            with pytest.raises(ValueError, match="labels must hold both"):
                train(*wrong, params_of(), checkpoints=kept)
    assert found.history["best_step"] == expected.history["best_step"]
    for name, weight in expected.weights.items():
        own = found.weights[name].numpy()
        np.testing.assert_allclose(own, weight.numpy(), 2e-6, 2e-6, err_msg=name)
    assert not list(Path(tmp_path).glob("**/group-*"))
