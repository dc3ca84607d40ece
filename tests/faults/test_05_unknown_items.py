"""Case 5: what names unknown items is refused, or treated as padding and counted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fault_runs import kedro, said
from project_runs import TINY, files_below, kedro_run, write_config, write_log

from mmctr.data.fields.field import FIRST

RAW = "data/01_raw/test/MicroLens_1M_x1"
PAD = "--params=preparation.unknown_items=pad"


def rewrite(path: Path, **changes: Callable[[list], list]) -> None:
    table = pq.read_table(path)
    for column, change in changes.items():
        values = pa.array(change(table[column].to_pylist()))
        table = table.set_column(table.column_names.index(column), column, values)
    pq.write_table(table, path)


def with_unknown_values(raw: Path) -> None:
    """Two targets, some histories and one level that are not known, by part."""
    for part in ("train", "valid", "test"):
        rewrite(
            raw / f"{part}.parquet",
            item_id=lambda x: [900, x[1], 901, *x[3:]],
            item_seq=lambda x: [[*h[:-1], 777] for h in x[:5]] + x[5:],
        )
    rewrite(raw / "test.parquet", likes_level=lambda x: [99, *x[1:4], -1, *x[5:]])


def report_of(project: Path, dataset: str = "test") -> dict[str, Any]:
    path = project / f"data/08_reporting/{dataset}/preparation.json"
    return json.loads(path.read_text())


def test_a_challenge_that_names_unknown_items(finished_project):
    project = finished_project
    with_unknown_values(project / RAW)
    before = files_below(project / "data")
    strict = kedro(project, "run", "--env=test", "--pipeline=preparation")
    assert strict.returncode == 1
    for words in (
        "train.parquet: column 'item_id' has 2 rows with items that "
        "item_feature.parquet lacks, first rows [0, 2] (item_id [900, 901])",
        "train.parquet: column 'item_seq' has 5 rows with items that "
        "item_feature.parquet lacks, first rows [0, 1, 2, 3, 4] (item_seq [777])",
        "test.parquet: column 'likes_level' has 2 rows with levels outside 0 to 10, "
        "first rows [0, 4] (likes_level [99, -1])",
        "preparation.unknown_items=pad",
    ):
        assert words in said(strict)
    assert files_below(project / "data") == before

    parts = {
        part: pq.read_table(project / f"data/03_primary/test/{part}.parquet")
        for part in ("train", "valid", "test")
    }
    padded = kedro(project, "run", "--env=test", PAD)
    assert padded.returncode == 0, padded.stderr
    for words in (
        "train.parquet: column 'item_id' has 2 rows with items",
        "unknown: train.parquet item_id, 2 values in 2 rows; these rows are left out",
        "unknown: test.parquet item_id, 2 values in 2 rows; these rows are scored as",
        "unknown: test.parquet item_seq, 5 values in 5 rows; left out of these hist",
        "unknown: test.parquet likes_level, 2 values in 2 rows; the item's own level",
    ):
        assert words in said(padded)
    found = report_of(project)["unknown"]
    assert found["policy"] == "pad"
    assert [x["rows"] for x in found["found"]] == [2, 5, 2, 5, 2, 5, 2]
    for part, kept in (("train", [1, 3, 4]), ("valid", [1, 3, 4]), ("test", None)):
        table = pq.read_table(project / f"data/03_primary/test/{part}.parquet")
        rows = list(range(5)) if kept is None else kept
        assert table.num_rows == parts[part].num_rows - (2 if kept else 0)
        now = table["item_seq"].to_pylist()[: len(rows)]
        was = parts[part]["item_seq"].to_pylist()
        assert now == [was[row][:-1] for row in rows]
    test = pq.read_table(project / "data/03_primary/test/test.parquet")
    assert test["item_id"].to_pylist()[:3] == [
        0,
        parts["test"]["item_id"][1].as_py(),
        0,
    ]
    own = pq.read_table(project / "data/03_primary/test/items.parquet")
    fifth = own["field_likes"][test["item_id"][4].as_py() - 1]
    assert test["field_row_likes"].to_pylist()[0] == FIRST
    assert test["field_row_likes"][4] == fifth
    scores = pq.read_table(
        project / "data/07_model_output/test/test_predictions.parquet"
    )
    assert scores.num_rows == test.num_rows
    assert scores["item_id"].null_count == 2
    assert np.isfinite(scores["probability"].to_numpy()).all()
    metrics = json.loads((project / "data/08_reporting/test/metrics.json").read_text())
    assert metrics["test"]["rows"] == test.num_rows
    assert metrics["test"]["auc"] is not None


def test_a_log_that_names_unknown_items(project):
    raw = write_log(project / "log")
    rewrite(
        raw / "interactions.parquet",
        item_id=lambda x: ["ghost", "spook", "ghost", *x[3:]],
    )
    strict = kedro(
        project,
        "run",
        *("--env=interactions", "--pipeline=preparation", "--params=raw_dir=log"),
    )
    assert strict.returncode == 1
    for words in (
        "interactions.parquet: column 'item_id' has 3 rows with items that",
        "lacks (it has toy-",
        "first rows [0, 1, 2] (item_id ['ghost', 'spook'])",
    ):
        assert words in said(strict)
    assert not list((project / "data").rglob("*.parquet"))

    params = {
        **TINY,
        "raw_dir": str(raw),
        "dataset": "log",
        "preparation": {"unknown_items": "pad"},
    }
    config = write_config(project / "run.yml", env="interactions", params=params)
    ran = kedro_run(project, f"--config={config}", "--pipeline=preparation")
    assert ran.exit_code == 0, ran.output
    (found,) = report_of(project, "log")["unknown"]["found"]
    assert found["rows"] == 3
    assert found["first_values"] == ["ghost", "spook"]
    padded = files_below(project / "data/03_primary")
    table = pq.read_table(raw / "interactions.parquet").slice(3)
    pq.write_table(table, raw / "interactions.parquet")
    ran = kedro_run(project, f"--config={config}", "--pipeline=preparation")
    assert ran.exit_code == 0, ran.output
    assert files_below(project / "data/03_primary") == padded


def test_no_known_item_at_all_is_an_error(finished_project):
    project = finished_project
    rewrite(project / RAW / "valid.parquet", item_id=lambda x: [900] * len(x))
    ran = kedro_run(project, "--env=test", "--pipeline=preparation", PAD)
    assert ran.exit_code == 1
    assert "valid.parquet: no row is left" in " ".join(ran.output.split())


def test_values_that_the_model_was_not_trained_with(finished_project):
    project = finished_project
    item_table = project / "data/05_model_input/test/item_table.parquet"
    table = pq.read_table(item_table)
    for column, row, value in (("field_tags", 3, [5000]), ("field_likes", 4, 77)):
        place = table.column_names.index(column)
        values = table[column].to_pylist()
        values[row] = value
        described = table.schema.field(column)
        table = table.set_column(place, described, pa.array(values, described.type))
    pq.write_table(table, item_table)
    before = files_below(project / "data")
    nodes, changed = "--nodes=predict_test", "--params=accept_changed=true"
    strict = kedro(project, "run", "--env=test", nodes, changed)
    assert strict.returncode == 1
    for words in (
        "column 'field_likes' has 1 values that the model does not know, first rows "
        "[4] (values [77])",
        "column 'field_tags' has 1 values that the model does not know, first rows "
        "[3] (values [5000])",
        "ctr_modeling.unknown_values=pad",
    ):
        assert words in said(strict)
    assert files_below(project / "data") == before
    pad = f"{changed},ctr_modeling.unknown_values=pad"
    padded = kedro(project, "run", "--env=test", nodes, pad)
    assert padded.returncode == 0, padded.stderr
    assert "values that the model does not know" in said(padded)
    assert "treated as padding" in said(padded)
    scores = pq.read_table(
        project / "data/07_model_output/test/test_predictions.parquet"
    )
    assert np.isfinite(scores["probability"].to_numpy()).all()


def test_weights_of_another_shape_are_named(finished_project):
    ran = kedro_run(
        finished_project,
        "--env=test",
        "--nodes=predict_test",
        "--params=ctr_modeling.model.embedding_dim=5",
    )
    text = " ".join(ran.output.split())
    assert ran.exit_code == 1
    assert "ctr_weights belong to another item_table, or to other features" in text
    assert "kedro run --pipeline ctr_modeling" in text
