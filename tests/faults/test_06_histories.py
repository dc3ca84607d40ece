"""Case 6: empty, over-long and all-padding histories have a defined score."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fault_runs import kedro, said
from project_runs import TINY, kedro_run, write_config, write_log

RAW = "data/01_raw/test/MicroLens_1M_x1"


def with_histories(path: Path, change: Callable[[int, list], list]) -> None:
    table = pq.read_table(path)
    lists = [change(row, ids) for row, ids in enumerate(table["item_seq"].to_pylist())]
    column = pa.array(lists, pa.list_(pa.int64()))
    place = table.column_names.index("item_seq")
    pq.write_table(table.set_column(place, "item_seq", column), path)


def probabilities(project: Path, dataset: str, part: str) -> np.ndarray:
    path = project / f"data/07_model_output/{dataset}/{part}_predictions.parquet"
    return pq.read_table(path)["probability"].to_numpy()


def test_a_challenge_of_odd_histories(project, finished):
    """Train has some of each kind; valid is padding alone; test's lists are empty."""
    shutil.copytree(finished / "data/01_raw", project / "data/01_raw")
    raw = project / RAW
    long = np.arange(300) % 200 + 1

    def odd(row: int, ids: list) -> list:
        padding = [0] * (300 - len(ids))
        kinds = (padding + ids, [0] * 300, long.tolist())
        return kinds[row % 3]

    with_histories(raw / "train.parquet", odd)
    with_histories(raw / "valid.parquet", lambda row, ids: [0] * len(ids))
    with_histories(raw / "test.parquet", lambda row, ids: [])
    params = {
        **TINY,
        "ctr_modeling": {
            **TINY["ctr_modeling"],
            "features": {
                "content": "codes+continuous+similarity+matches",
                "item_id": True,
                "without": [],
            },
        },
    }
    config = write_config(project / "run.yml", env="test", params=params)
    done = kedro(project, "run", f"--config={config}")
    assert done.returncode == 0, said(done)
    report = json.loads(
        (project / "data/08_reporting/test/preparation.json").read_text()
    )
    assert report["parts"]["valid"]["mean_history"] == 0
    assert report["parts"]["test"]["mean_history"] == 0
    train = pq.read_table(project / "data/03_primary/test/train.parquet")
    lengths = [len(ids) for ids in train["item_seq"].to_pylist()]
    assert max(lengths) == 100
    assert train["item_seq"][2].as_py() == long[-100:].tolist()
    assert lengths[1::3] == [0] * len(lengths[1::3])
    for part in ("valid", "test"):
        scores = probabilities(project, "test", part)
        assert len(np.unique(scores)) > 1
        assert ((scores >= 0) & (scores <= 1)).all()
    metrics = json.loads((project / "data/08_reporting/test/metrics.json").read_text())
    assert metrics["valid"]["auc"] is not None
    assert metrics["valid"]["baselines"]["max_title_similarity"]["auc"] == 0.5


def test_a_log_of_short_and_long_histories(project):
    """Users of one event have no row of their own; long histories are cut."""
    raw = write_log(project / "log", text_ids=False)
    path = raw / "interactions.parquet"
    table = pq.read_table(path)
    rows = table.num_rows
    users = table["user_id"].to_numpy().copy()
    users[: rows // 2] = 7  # most of the log is one user's
    users[-20:] = np.arange(20) + 10_000  # and some users come once
    items = table["item_id"].to_numpy().copy()
    # Of a third of the items, so that there are others to draw negatives from.
    few = np.unique(items)[:20]
    items[: rows // 2] = few[np.arange(rows // 2) % len(few)]
    for name, values in (("user_id", users), ("item_id", items)):
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(values))
    pq.write_table(table, path)
    params = {
        **TINY,
        "raw_dir": str(raw),
        "dataset": "log",
        "preparation": {"max_history": 400},
    }
    config = write_config(project / "run.yml", env="interactions", params=params)
    ran = kedro_run(project, f"--config={config}")
    assert ran.exit_code == 0, ran.output
    train = pq.read_table(project / "data/03_primary/log/train.parquet")
    lengths = [len(ids) for ids in train["item_seq"].to_pylist()]
    assert max(lengths) == 400
    assert min(lengths) >= 1
    report = json.loads(
        (project / "data/08_reporting/log/preparation.json").read_text()
    )
    assert report["log"]["parts"]["train"]["dropped_short_history"] > 0
    for part in ("valid", "test"):
        scores = probabilities(project, "log", part)
        assert ((scores >= 0) & (scores <= 1)).all()
