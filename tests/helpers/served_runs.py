"""Runs whose bundles are tested, and their test rows in the caller's own words."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from project_runs import TINY, copy_project, must_run, write_config

USERS, ITEMS, EVENTS = 60, 48, 3_000
IMAGE_WIDTH = 6
WORDS = ("red", "blue", "small", "wooden", "train", "puzzle", "robot", "castle")


def write_rich_log(folder: Path) -> None:
    """Impressions with text ids, titles, image vectors, tags, fields and times."""
    rng = np.random.default_rng(3)
    users = rng.integers(0, USERS, EVENTS)
    items = (rng.random(EVENTS) ** 2 * ITEMS).astype(int)
    position = rng.integers(1, 5, EVENTS)
    logits = 1.5 * (users % 3 == items % 3) - 0.7 * position
    tables = {
        "interactions": {
            "user_id": [f"u{x}" for x in users],
            "item_id": [f"i{x}" for x in items],
            "timestamp": np.sort(rng.integers(10**9, 10**9 + 90 * 86_400, EVENTS)),
            "label": (rng.random(EVENTS) < 1 / (1 + np.exp(-logits))).astype(np.int8),
            "position": position,
        },
        "items": rich_items(rng),
        "users": {
            "user_id": [f"u{x}" for x in range(USERS)],
            "country": np.array(["se", "dk", "no"])[np.arange(USERS) % 3],
        },
    }
    folder.mkdir(parents=True)
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def rich_items(rng: np.random.Generator) -> dict[str, Any]:
    """The item table of the log, by column."""
    return {
        "item_id": [f"i{x}" for x in range(ITEMS)],
        "title": [" ".join(rng.choice(WORDS, 4)) for _ in range(ITEMS)],
        "image_vector": rng.normal(size=(ITEMS, IMAGE_WIDTH)).tolist(),
        "tags": [[WORDS[x % 4], WORDS[x % 7]][: x % 3] for x in range(ITEMS)],
        "category": np.array(["a", "b", "c"])[np.arange(ITEMS) % 3],
        "price": rng.gamma(2.0, size=ITEMS),
        "likes": rng.integers(0, 500, ITEMS),
    }


def run_rich(folder: Path, **features: Any) -> dict[str, str]:
    """A project whose model reads everything that a model can read of such a log."""
    copy_project(folder)
    write_rich_log(folder / "raw")
    run_log(folder, rich_params(**features))
    return {}


def rich_params(**features: Any) -> dict[str, Any]:
    """Parameters by which a model reads everything."""
    kinds = ["history", "popularity", "rates", "cooccurrence", "similarity", "lexical"]
    ctr = TINY["ctr_modeling"]
    return {
        **TINY,
        "dataset": "rich",
        "embedding": {
            "provider": "sentence_transformers",
            "modalities": {"title": {"column": "title", "center": True}},
        },
        "fields": {
            "context": ["position"],
            "time": ["hour", "item_age"],
            "user_id": True,
        },
        "ctr_modeling": {
            **ctr,
            "training": {"max_epochs": 2, "batch_size": 64},
            "features": {
                "content": "codes+continuous+similarity",
                "statistics": [*kinds, "tags", "codes"],
                "crosses": ["position*country"],
                **features,
            },
        },
    }


def run_log(folder: Path, params: dict[str, Any]) -> None:
    """Run all pipelines on the log of a project."""
    params = params | {"raw_dir": str(folder / "raw")}
    config = write_config(folder / "run.yml", env="interactions", params=params)
    must_run(folder, "--config", config)


def bundle_of(project: Path, dataset: str = "rich") -> Path:
    """Where a run's bundle lies."""
    return project / "data" / "06_models" / dataset / "bundle"


def requests_of_test(
    project: Path, dataset: str = "rich"
) -> tuple[pa.Table, np.ndarray]:
    """Rows of test in original ids with raw fields, and the pipeline's scores."""
    read = {
        name: pq.read_table(project / "data" / folder / dataset / f"{name}.parquet")
        for folder, name in (
            ("03_primary", "item_id_mapping"),
            ("05_model_input", "test_rows"),
            ("07_model_output", "test_predictions"),
        )
    }
    rows, scores = read["test_rows"], read["test_predictions"]
    ids = read["item_id_mapping"]["original_id"].combine_chunks()
    lists = rows["item_seq"].combine_chunks()
    numbers = pa.array(lists.values.to_numpy().astype(np.int64) - 1)
    kept = ("user_id", "as_of", "timestamp")
    table = pa.table(
        {
            "item_id": scores["item_id"],
            "history": pa.ListArray.from_arrays(lists.offsets, ids.take(numbers)),
            **{name: rows[name] for name in kept},
        }
    )
    return table, scores["probability"].to_numpy()


def with_raw_fields(project: Path, requests: pa.Table) -> pa.Table:
    """The requests with the country of the user and the position in the log."""
    log = pq.read_table(project / "raw" / "interactions.parquet").to_pylist()
    keys = ("user_id", "item_id", "timestamp")
    position = {tuple(row[x] for x in keys): row["position"] for row in log}
    rows = zip(*(requests[x].to_pylist() for x in keys), strict=True)
    countries = ("se", "dk", "no")
    return requests.append_column(
        "position", pa.array([position[row] for row in rows])
    ).append_column(
        "country",
        pa.array([countries[int(x[1:]) % 3] for x in requests["user_id"].to_pylist()]),
    )
