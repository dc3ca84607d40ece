"""Arms of going on are measured on the same rows, over seeds and users."""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from project_runs import copy_project, write_log

from benchmarks import going_on
from benchmarks.going_on import ARMS, compare, write_logs
from mmctr.evaluation import auc, gauc, logloss
from mmctr.evaluation.params import EvaluationParams

PARAMS = EvaluationParams(seed=1, resamples=50)


def save_run(project, name: str, seed: int, strength: float) -> dict:
    """Predictions of a run, better the stronger they follow the labels."""
    rng = np.random.default_rng(seed)
    group = np.arange(400) // 4
    label = (np.arange(400) % 4 == 0).astype(np.int8)
    noise = rng.normal(size=400)
    scores = 1 / (1 + np.exp(-(strength * label + noise)))
    tables = {
        "07_model_output": (
            "test_predictions",
            {
                "user_id": group // 2,
                "item_id": rng.integers(0, 9, 400),
                "label": label,
                "probability": scores,
            },
        ),
        "03_primary": ("test", {"group_id": group}),
    }
    for folder, (file, columns) in tables.items():
        path = project / "data" / folder / name
        path.mkdir(parents=True)
        pq.write_table(pa.table(columns), path / f"{file}.parquet")
    return {"label": label, "scores": scores, "group": group}


def test_values_are_means_over_seeds_and_differences_are_to_the_first_arm(tmp_path):
    runs = {
        arm: [save_run(tmp_path, f"{arm}{seed}", seed, strength) for seed in (1, 2)]
        for arm, strength in (("frozen", 0.5), ("full", 2.0))
    }
    names = {arm: [f"{arm}{seed}" for seed in (1, 2)] for arm in runs}
    found = compare(tmp_path, names, "test", PARAMS)
    for arm, of_seeds in runs.items():
        for measure, of in (("auc", auc), ("gauc", gauc), ("logloss", logloss)):
            expected = [
                of(x["label"], x["scores"], *([x["group"]] if of is gauc else []))
                for x in of_seeds
            ]
            assert found[arm][measure]["value"] == pytest.approx(np.mean(expected))
    better = found["full"]["auc"]
    assert better["difference"] == pytest.approx(
        better["value"] - found["frozen"]["auc"]["value"]
    )
    low, high = better["interval"]
    assert 0 < low < better["difference"] < high
    assert found["frozen"]["auc"]["interval"] == [0, 0]


def test_arms_on_other_rows_are_not_compared(tmp_path):
    for seed, arm in ((1, "frozen"), (3, "full")):
        save_run(tmp_path, f"{arm}1", seed, 1.0)
    names = {"frozen": ["frozen1"], "full": ["full1"]}
    with pytest.raises(ValueError, match="scored on other rows: item_id differs"):
        compare(tmp_path, names, "test", PARAMS)


def test_a_log_is_cut_in_time_with_the_items_it_has(tmp_path):
    log = {"user_id": [1] * 10, "item_id": range(10), "timestamp": range(10)}
    items = {"item_id": range(10), "title": ["x"] * 10}
    for name, columns in (("interactions", log), ("items", items)):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    write_logs(tmp_path, tmp_path / "logs")
    for share, last in ((60, 5), (80, 7), (100, 9)):
        for name in ("interactions", "items"):
            table = pq.read_table(tmp_path / "logs" / str(share) / f"{name}.parquet")
            assert table["item_id"].to_pylist() == list(range(last + 1))


@pytest.mark.system
def test_the_command_runs_and_compares_the_arms(tmp_path, monkeypatch, capsys):
    log, project = write_log(tmp_path / "log"), copy_project(tmp_path / "project")
    settings = (
        "embedding.modalities.title=null",
        "ctr_modeling.evaluation.resamples=20",
        "baselines.boosted_trees.max_rounds=5",
        "ctr_modeling.training.max_epochs=1",
    )
    command = ["going_on", str(log), "--project", str(project), "--seeds", "1"]
    monkeypatch.setattr(sys, "argv", [*command, "--set", *settings])
    monkeypatch.setattr(going_on, "CUTS", ((60, 100),))
    going_on.main()
    found = json.loads(capsys.readouterr().out)["60 to 100 %"]
    assert found["processor_seconds"].keys() == set(ARMS)
    for part in ("valid", "test"):
        for measured in found[part].values():
            assert 0 < measured["auc"]["value"] < 1
