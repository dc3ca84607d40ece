"""Logs of your own, from raw files to predictions."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measured_artifacts import (
    HEALTH,
    check_measures,
    check_predictions,
    predictions_and_rows,
    strict_json,
)
from project_runs import TINY, must_run, write_config, write_log


def test_a_log_with_text_ids_and_every_optional_column(project):
    raw = write_log(project / "my log")
    params = {**TINY, "raw_dir": str(raw), "dataset": "toys"}
    config = write_config(project / "run.yml", env="interactions", params=params)
    output = must_run(project, "--config", config).output

    predictions, rows = predictions_and_rows(project, "toys")
    check_predictions(predictions, rows)
    log = pq.read_table(raw / "interactions.parquet")
    assert predictions["item_id"].type == pa.string()
    assert predictions["user_id"].type == pa.string()
    clicked = predictions.filter(pc.equal(predictions["label"], 1))
    events = set(log["user_id"].to_numpy() + log["item_id"].to_numpy())
    assert set(clicked["user_id"].to_numpy() + clicked["item_id"].to_numpy()) <= events
    metrics = strict_json(project / "data/08_reporting/toys/metrics.json")
    check_measures(metrics["test"], rows.num_rows)
    assert metrics["row_statistics"]["protocol"] == "live"
    assert metrics["test_frozen"]["rows"] == rows.num_rows
    assert "Row statistics are live" in output
    codebook = strict_json(project / "data/08_reporting/toys/codebook.json")
    assert codebook["image"].keys() >= HEALTH
    history = strict_json(project / "data/08_reporting/toys/training.json")
    assert history["device"] == "cpu"
    # All files are below the data set's name, which the next command has too.
    written = {
        path.relative_to(project / "data").parts[1]
        for path in (project / "data").rglob("*")
        if path.is_file()
    }
    assert written == {"toys"}
    assert f"--params raw_dir={raw},dataset=toys," in output


def test_a_log_with_nothing_but_titles(project):
    raw = write_log(project / "log", text_ids=False, optional_columns=False)
    params = {**TINY, "raw_dir": str(raw), "dataset": "plain"}
    config = write_config(project / "run.yml", env="interactions", params=params)
    output = must_run(project, "--config", config).output

    predictions, rows = predictions_and_rows(project, "plain")
    check_predictions(predictions, rows)
    items = pq.read_table(raw / "items.parquet")
    assert predictions["item_id"].type == pa.int64()
    assert set(predictions["item_id"].to_pylist()) <= set(items["item_id"].to_pylist())
    codebook = strict_json(project / "data/08_reporting/plain/codebook.json")
    assert codebook["image"] is None
    assert codebook["title"].keys() >= HEALTH
    image = np.load(project / "data/04_feature/plain/vectors/image.npy")
    assert image.shape == (61, 0)
    assert "image  absent" in output
