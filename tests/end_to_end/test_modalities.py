"""A third and a fourth modality, from raw files to the report, by parameters alone."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from project_runs import TINY, copy_project, must_run, write_config, write_log

SHOWN = {"title": 6, "image": 6, "words": 7, "sound": 3}


@pytest.fixture(scope="module")
def finished_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a log with two texts and two columns of vectors."""
    project = copy_project(tmp_path_factory.mktemp("modalities"))
    raw = write_log(project / "log")
    items = pq.read_table(raw / "items.parquet")
    rng = np.random.default_rng(3)
    kinds = np.array(["ball", "car", "doll", "game", "kite", "lamp", "mask", "ring"])
    sounds = rng.normal(size=(items.num_rows, 3)).tolist()
    items = items.append_column("description", pa.array(rng.choice(kinds, 60)))
    pq.write_table(
        items.append_column("sound_vector", pa.array(sounds)), raw / "items.parquet"
    )
    embedding = {
        **TINY["embedding"],
        "modalities": {"words": {"column": "description", "center": True}},
    }
    own = {"sound": {"method": "pq", "pq": {"positions": 3, "codebook_size": 8}}}
    ctr = {
        **TINY["ctr_modeling"],
        "features": {
            "content": "codes+continuous+similarity+matches",
            "statistics": ["similarity", "codes"],
        },
    }
    params = {
        **TINY,
        "raw_dir": str(raw),
        "dataset": "many",
        "embedding": embedding,
        "quantization": {**TINY["quantization"], "modalities": own},
        "ctr_modeling": ctr,
    }
    config = write_config(project / "run.yml", env="interactions", params=params)
    must_run(project, "--config", config)
    return project


def read_json(project: Path, name: str) -> dict:
    return json.loads((project / f"data/08_reporting/many/{name}.json").read_text())


def test_every_modality_is_a_file_in_each_folder(finished_log):
    features = finished_log / "data/04_feature/many"
    for name, width in SHOWN.items():
        assert np.load(features / f"vectors/{name}.npy").shape == (61, width)
        assert np.load(features / f"centers/{name}.npy").any() == (name == "words")
        assert np.load(features / f"codes/{name}.npy").shape[0] == 60
    assert np.load(features / "codes/sound.npy").shape == (60, 3)
    outputs = read_json(finished_log, "manifest")["outputs"]
    assert {f"codes/{name}.npy" for name in SHOWN} <= set(outputs)
    table = pq.read_schema(finished_log / "data/05_model_input/many/item_table.parquet")
    assert {f"{name}_codes" for name in SHOWN} <= set(table.names)


def test_every_modality_enters_the_model_in_every_form(finished_log):
    features = set(read_json(finished_log, "training")["features"])
    for name in SHOWN:
        assert {f"{name}_codes", f"{name}_vector"} <= features
    rows = pq.read_schema(finished_log / "data/05_model_input/many/train_rows.parquet")
    for name in SHOWN:
        assert f"similarity.{name}_profile" in rows.names
        assert f"codes.{name}_mean" in rows.names
    gains = read_json(finished_log, "tree_importance")["gain"]
    assert any(column.startswith("history_sound_") for column in gains)


def test_every_modality_is_reported(finished_log):
    assert list(read_json(finished_log, "codebook")) == list(SHOWN)
    reports = read_json(finished_log, "embedding")
    assert {name: each["width"] for name, each in reports.items()} == SHOWN
    page = (finished_log / "data/08_reporting/many/report.html").read_text()
    card = (finished_log / "data/06_models/many/model_card.md").read_text()
    for name in SHOWN:
        assert f"Items that share {name} codes" in page
        assert f"{name} vectors" in card


def test_other_settings_of_one_modality_are_noticed(finished_log):
    """Codes are stale, and vectors are not."""
    page = must_run(
        finished_log,
        *("--env", "interactions", "--pipeline", "fusion"),
        "--params",
        f"raw_dir={finished_log / 'log'},dataset=many,"
        "quantization.modalities.sound.method=rq_kmeans",
    ).output
    assert "quantization.modalities.sound.method=pq" in " ".join(page.split())


def test_a_log_as_csv_with_other_names(project):
    raw = write_log(project / "log", optional_columns=False)
    items = pq.read_table(raw / "items.parquet")
    kinds = pa.array(
        np.random.default_rng(1).choice(
            ["red hat", "red car", "old hat", "old car"], 60
        )
    )
    (raw / "items.parquet").unlink()
    pa_csv.write_csv(items.append_column("kind", kinds), raw / "items.csv")
    params = {
        **TINY,
        "raw_dir": str(raw),
        "dataset": "csv",
        "preparation": {"reading": {"columns": {"genre": "kind"}}},
        "embedding": {
            **TINY["embedding"],
            "modalities": {"genre": {"column": "genre"}},
        },
    }
    config = write_config(project / "run.yml", env="interactions", params=params)
    must_run(project, "--config", config, "--pipelines", "preparation,embedding")
    vectors = np.load(project / "data/04_feature/csv/vectors/genre.npy")[1:]
    assert len(np.unique(vectors.round(4), axis=0)) == 4
