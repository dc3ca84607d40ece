"""A log with fields of items, users and rows, from raw files to the report."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from measured_artifacts import check_predictions, predictions_and_rows, strict_json
from project_runs import TINY, must_run, write_config

from mmctr.data.fields.state import FieldState

USERS, ITEMS, EVENTS = 60, 50, 10_000


def write_impressions(folder, rng: np.random.Generator) -> None:
    """Rows that are clicked by the user's country, the item's category, the position.

    Nothing else says anything of the label.
    """
    users = rng.integers(0, USERS, EVENTS)
    items = rng.integers(0, ITEMS, EVENTS)
    position = rng.integers(1, 5, EVENTS)
    logits = 1.5 * (users % 3 == items % 3) - 0.7 * position
    clicked = rng.random(EVENTS) < 1 / (1 + np.exp(-logits))
    tables = {
        "interactions": {
            "user_id": users,
            "item_id": items,
            "timestamp": np.sort(rng.integers(0, 90 * 86_400, EVENTS)),
            "label": clicked.astype(np.int8),
            "position": position,
        },
        "items": {
            "item_id": np.arange(ITEMS),
            "title": [f"thing {number}" for number in range(ITEMS)],
            "category": np.array(["a", "b", "c"])[np.arange(ITEMS) % 3],
            "price": rng.gamma(2.0, size=ITEMS),
            "genres": [["x", "y"][: number % 3] for number in range(ITEMS)],
        },
        "users": {
            "user_id": np.arange(USERS),
            "country": np.array(["se", "dk", "no"])[np.arange(USERS) % 3],
        },
    }
    folder.mkdir(parents=True)
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


@pytest.mark.system
def test_fields_go_from_files_to_model_and_report(project):
    raw = project / "raw"
    write_impressions(raw, np.random.default_rng(3))
    ctr = TINY["ctr_modeling"]
    params = {
        **TINY,
        "raw_dir": str(raw),
        "dataset": "fields",
        "fields": {"context": ["position"], "time": ["hour"]},
        "ctr_modeling": {
            **ctr,
            "features": {"crosses": ["position*country"]},
            "training": {"max_epochs": 6, "batch_size": 64, "learning_rate": 0.02},
        },
    }
    config = write_config(project / "run.yml", env="interactions", params=params)
    must_run(project, "--config", config)

    predictions, rows = predictions_and_rows(project, "fields")
    check_predictions(predictions, rows)
    folder = project / "data/03_primary/fields"
    state = json.loads((folder / "preparation_state/fields.json").read_text())
    names = [field["name"] for field in state["fields"]]
    assert names == ["category", "price", "genres", "country", "position", "hour"]
    raw_items = pq.read_table(raw / "items.parquet")
    columns = {name: raw_items[name] for name in raw_items.column_names}
    again = FieldState(**state).encode("item", columns, ITEMS)
    items = pq.read_table(folder / "items.parquet")
    assert again.to_pandas().equals(items.select(again.column_names).to_pandas())

    reporting = project / "data/08_reporting/fields"
    audit = strict_json(reporting / "audit.json")["test"]["fields"]
    assert audit["position"]["auc"] > 0.6
    assert abs(audit["price"]["auc"] - 0.5) < 0.1
    metrics = strict_json(reporting / "metrics.json")["test"]
    # What position and category tell together; each alone tells less.
    assert metrics["auc"] > audit["position"]["auc"] + 0.02
    gain = strict_json(reporting / "tree_importance.json")["gain"]
    assert {f"field_{name}" for name in names} <= set(gain)
    page = (reporting / "report.html").read_text()
    assert "what stood there was clicked more" in page
