"""Logs of impressions, from raw files to the report."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from measured_artifacts import strict_json
from page_reader import Page
from project_runs import must_run

USERS, ITEMS, SCREENS, SIZE = 150, 40, 10, 5


def write_screens(raw: Path, *, clock: bool) -> Path:
    """Screens of untitled items, of which the first place is clicked most."""
    raw.mkdir()
    rng = np.random.default_rng(1)
    shape = (USERS, SCREENS, SIZE)
    place = np.broadcast_to(np.arange(1, SIZE + 1), shape)
    time = np.broadcast_to(np.arange(1, SCREENS + 1)[None, :, None], shape)
    if clock:
        time = 10**9 + 86_400 * time + rng.integers(0, 80_000, shape[:2])[:, :, None]
    columns = {
        "user_id": np.broadcast_to(np.arange(USERS)[:, None, None], shape),
        "item_id": rng.integers(0, ITEMS, shape),
        "timestamp": time,
        "label": rng.random(shape) < np.where(place == 1, 0.3, 0.05),
        "position": place,
        "propensity": rng.uniform(0.2, 0.8, shape),
    }
    table = {name: column.ravel() for name, column in columns.items()}
    pq.write_table(pa.table(table), raw / "interactions.parquet")
    items = {"item_id": np.arange(ITEMS), "kind": [f"k{i % 4}" for i in range(ITEMS)]}
    pq.write_table(pa.table(items), raw / "items.parquet")
    return raw


@pytest.mark.system
@pytest.mark.parametrize("clock", [True, False], ids=["clock", "order"])
def test_a_log_of_impressions_is_modelled_and_judged(project, clock):
    raw = write_screens(project / "shown", clock=clock)
    settings = [
        f"raw_dir={raw},dataset=shown,fields.context=[position]",
        "preparation.negative_keep=.5,preparation.weight_column=propensity",
        "preparation.weight_is=propensity,ctr_modeling.evaluation.weighted=true",
        "ctr_modeling.evaluation.resamples=100,ctr_modeling.training.batch_size=64",
        *([] if clock else ["preparation.reading.time_unit=order"]),
    ]
    must_run(
        *(project, "--config", str(project / "conf" / "impressions.yml")),
        *("--params", ",".join(settings)),
    )
    reporting = project / "data/08_reporting/shown"
    metrics = strict_json(reporting / "metrics.json")
    test = metrics["test"]
    baselines = test["baselines"]
    assert {"prior", "position_only", "item_only"} <= set(baselines)
    assert baselines["position_only"]["gauc"] > 0.6
    assert test["weighted"] and test["groups_of_both_labels"] < test["groups"]
    # The place tells most of what can be known; probabilities are those of all rows.
    assert test["gauc"] > 0.6
    assert test["ne"] < 1
    assert test["logloss"] < baselines["prior"]["logloss"]
    page = Page((reporting / "report.html").read_text("utf-8"))
    said = page.all("body")[0].words
    assert "The log is one of impressions" in said
    assert "Train has 50.0 % of its rows without a click" in said
    found = metrics["row_statistics"]
    assert found["kinds"].keys() >= {"rates", "popularity"}
    assert found["of_others"] is not clock
    assert (metrics["test_frozen"] is not None) is clock
