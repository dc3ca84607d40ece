"""Trainings of an ablation on two nodes give what they give one by one."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from ablation_worlds import INPUTS, ablation_params, quantization_params
from local_clusters import local_nodes, lose_a_node
from worlds import N_ITEMS, rows_table
from worlds import ctr_params as small_params

from mmctr.data.datasets import ResultStore
from mmctr.experiments.ablation.inputs import Parts
from mmctr.experiments.ablation.plan import make_plan
from mmctr.experiments.ablation.runs import RunTrainer
from mmctr.experiments.training import Items, facts_of
from mmctr.experiments.varied_params import VariedParams
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.nodes import inspect_nodes, library_versions

pytestmark = pytest.mark.system


def store_of(folder: Path) -> ResultStore:
    return ResultStore(folder, "mmctr.data.datasets.ArrowDataset", ".parquet")


def trainer_of(folder: Path) -> RunTrainer:
    """Of a model of item ids, four seeds, on few rows."""
    rng = np.random.default_rng(0)
    parts = Parts(*(rows_table(rng, count) for count in (400, 120, 80)))
    table = pa.table({"item_id": np.arange(1, N_ITEMS + 1), "title": [""] * N_ITEMS})
    items = Items(table, {"title": np.zeros((N_ITEMS + 1, 0))})
    ctr = small_params(
        features={"content": "none"},
        training={"batch_size": 64, "learning_rate": 0.01},
    )
    base = VariedParams(quantization=quantization_params(), ctr_modeling=ctr)
    arms: dict[str, Any] = {"none": {"kind": "none"}}
    params = ablation_params(arms=arms, candidates={"one": {}}, seeds=4, processes=1)
    return RunTrainer(make_plan(params, base, INPUTS), store_of(folder), items, parts)


def results(store: ResultStore) -> dict[str, tuple[Any, Any]]:
    """Scores, and all facts but times."""
    found = {}
    for name in store.names():
        table = store.load(name)
        facts = facts_of(table)
        kept = {key: x for key, x in facts.items() if key != "seconds"}
        for each in [kept["kept"], *kept["validations"]]:
            each.pop("seconds", None)
        found[name] = (table["probability"].to_pylist(), kept)
    return found


def test_results_are_those_of_one_by_one_even_if_a_node_is_lost(tmp_path):
    trainer = trainer_of(tmp_path / "codes")
    runs = list(trainer.plan.runs({"none": "one"}))
    assert len(runs) == 4
    alone, remote = store_of(tmp_path / "alone"), store_of(tmp_path / "remote")
    trainer.train_missing(alone, runs, "runs")
    with local_nodes(2) as (nodes, params), connected_cluster(params) as cluster:
        found = inspect_nodes(str(tmp_path / "storage"))
        assert [node.is_shared for node in found] == [True] * 3
        assert all(node.versions == library_versions() for node in found)
        assert os.listdir(tmp_path / "storage") == []

        def lose_one() -> None:
            until = time.monotonic() + 100
            while not remote.names() and time.monotonic() < until:
                time.sleep(0.05)
            lose_a_node(nodes)

        thread = threading.Thread(target=lose_one)
        thread.start()
        trainer.train_missing(remote, runs, "runs", cluster)
        thread.join()
    assert results(remote) == results(alone)
