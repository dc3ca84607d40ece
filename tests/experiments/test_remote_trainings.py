"""Trainings of an ablation on two nodes give what they give one by one."""

import os
import signal
import subprocess
import sys
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
from mmctr.experiments.ablation.plan import RunName, make_plan
from mmctr.experiments.ablation.runs import RunTrainer
from mmctr.experiments.training import Items, facts_of
from mmctr.experiments.varied_params import VariedParams
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.nodes import inspect_nodes, library_versions
from mmctr.runtime.scale.params import ScaleParams

pytestmark = pytest.mark.system

SEEDS = 5


def store_of(folder: Path) -> ResultStore:
    return ResultStore(folder, "mmctr.data.datasets.ArrowDataset", ".parquet")


def trainer_of(folder: Path) -> RunTrainer:
    """Of a model of item ids, some seeds, on few rows."""
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
    params = ablation_params(
        arms=arms, candidates={"one": {}}, seeds=SEEDS, processes=1
    )
    return RunTrainer(make_plan(params, base, INPUTS), store_of(folder), items, parts)


def runs_of(trainer: RunTrainer) -> list[RunName]:
    return list(trainer.plan.runs({"none": "one"}))


class KillingStore(ResultStore):
    """Kills its process after the first result, as ``kill -9`` would."""

    def save(self, name: str, result: Any) -> None:
        super().save(name, result)
        os.kill(os.getpid(), signal.SIGKILL)


def train_until_killed(folder: Path, address: str) -> None:
    """Begin the trainings of the test, in a process of its own."""
    trainer = trainer_of(folder / "codes")
    store = KillingStore(**vars(store_of(folder / "remote")))
    with connected_cluster(ScaleParams(backend="ray", address=address)) as cluster:
        trainer.train_missing(store, runs_of(trainer), "runs", cluster)


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


def killed_run(folder: Path, address: str | None) -> int:
    """Exit code of a run that is killed in mid-work."""
    import_it = f"import sys; sys.path[:0] = {sys.path!r}; from pathlib import Path"
    call = f"train_until_killed(Path({str(folder)!r}), {address!r})"
    script = f"{import_it}; import {__name__} as test; test.{call}"
    return subprocess.run([sys.executable, "-c", script], check=False).returncode


def test_results_are_those_of_one_by_one_even_if_run_and_node_are_lost(tmp_path):
    trainer = trainer_of(tmp_path / "codes")
    runs = runs_of(trainer)
    assert len(runs) == SEEDS
    alone, remote = store_of(tmp_path / "alone"), store_of(tmp_path / "remote")
    trainer.train_missing(alone, runs, "runs")
    with local_nodes(2) as (nodes, params), connected_cluster(params) as cluster:
        found = inspect_nodes(str(tmp_path / "storage"))
        assert [node.is_shared for node in found] == [True] * 3
        assert all(node.versions == library_versions() for node in found)
        assert os.listdir(tmp_path / "storage") == []
        assert killed_run(tmp_path, params.address) == -signal.SIGKILL
        assert len(remote.names()) == 1
        import ray

        until = time.monotonic() + 60
        while ray.available_resources().get("CPU") != cluster.workers:
            assert time.monotonic() < until, "workers of the killed run go on"
            time.sleep(0.2)

        def lose_one() -> None:
            until = time.monotonic() + 100
            while len(remote.names()) < 2 and time.monotonic() < until:
                time.sleep(0.05)
            lose_a_node(nodes)

        thread = threading.Thread(target=lose_one)
        thread.start()
        trainer.train_missing(remote, runs, "runs", cluster)
        thread.join()
    assert results(remote) == results(alone)
