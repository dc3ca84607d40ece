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
from served_runs import bundle_of

from mmctr.project.doctor.bundle import examine_bundle
from mmctr.project.doctor.findings import Level


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
    codebook = strict_json(project / "data/08_reporting/toys/codebook.json")
    assert codebook["image"].keys() >= HEALTH
    history = strict_json(project / "data/08_reporting/toys/training.json")
    assert history["device"] == "cpu"
    # All files are below the data set's name, which the next commands have too.
    written = {
        path.relative_to(project / "data").parts[1]
        for path in (project / "data").rglob("*")
        if path.is_file()
    }
    assert written == {"toys"}
    assert f"kedro run --config {config} --pipeline ctr_modeling" in output
    assert "mmctr artifacts --env interactions --params dataset=toys" in output


def test_a_log_with_nothing_but_titles(project):
    raw = write_log(project / "log", text_ids=False, optional_columns=False)
    params = {**TINY, "raw_dir": str(raw), "dataset": "plain"}
    config = write_config(project / "run.yml", env="interactions", params=params)
    must_run(project, "--config", config)

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
    findings = examine_bundle(bundle_of(project, "plain"))
    assert {each.level for each in findings} == {Level.OK}
    said = {each.topic: each.text for each in findings}
    assert said["modalities"] == "title (6 numbers), image (no vectors)"


def test_a_log_of_impressions_with_earlier_clicks(project):
    """From raw files to the primary tables, by the command line."""
    rng = np.random.default_rng(3)
    screens, size = 400, 4
    raw = write_log(project / "shown", text_ids=False)
    items = pq.read_table(raw / "items.parquet")["item_id"].to_numpy()
    users = rng.integers(1, 60, screens)
    log = pa.table(
        {
            "user_id": np.repeat(users, size),
            "item_id": rng.choice(items, screens * size),
            "timestamp": np.repeat(rng.integers(10**9, 10**9 + 10**7, screens), size),
            "label": rng.random(screens * size) < 0.2,
            "impression_id": np.repeat(rng.permutation(screens), size),
        }
    )
    pq.write_table(log, raw / "interactions.parquet")
    history = {"user_id": users[:50], "item_id": rng.choice(items, 50)}
    pq.write_table(pa.table(history), raw / "history.parquet")
    must_run(
        project,
        *("--env", "interactions", "--pipeline", "preparation"),
        *("--params", f"raw_dir={raw},dataset=shown,preparation.negative_keep=.5"),
    )
    report = strict_json(project / "data/08_reporting/shown/preparation.json")["log"]
    assert (report["kind"], report["groups"]) == ("impressions", "impression_id")
    assert (report["negative_keep"], report["first_day"]) == (0.5, "2001-09-09")
    assert report["columns"]["label"]["used"]
    primary = project / "data/03_primary/shown"
    rows = {
        part: pq.read_table(primary / f"{part}.parquet")
        for part in ("train", "valid", "test")
    }
    shown = sum(table.num_rows for table in rows.values())
    train = report["parts"]["train"]
    assert shown == len(log) - train["negatives"] + train["negatives_kept"]
    groups = [set(table["group_id"].to_pylist()) for table in rows.values()]
    assert not (groups[0] & groups[1] or groups[1] & groups[2] or groups[0] & groups[2])
    events = pq.read_table(primary / "events.parquet")
    assert events.num_rows - len(log) == report["earlier_clicks"] > 0
    assert pc.sum(events["label"]).as_py() > train["positives"]
