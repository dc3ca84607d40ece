"""Two real logs of impressions, from raw files to the report."""

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from measured_artifacts import strict_json
from page_reader import Page
from paths import REPOSITORY
from project_runs import must_run

pytestmark = pytest.mark.system

SHARED = Path(os.environ.get("MMCTR_SHARED_DATA", REPOSITORY.parent / "shared/data"))
QUICK = (
    "embedding.provider=lsa,embedding.lsa.dimensions=16,"
    "baselines.boosted_trees.max_rounds=20,ctr_modeling.evaluation.resamples=50,"
    "ctr_modeling.training.max_epochs=2,ctr_modeling.training.seeds=2"
)
# What is asked of each log: rows, settings, groups, and the use of some columns.
LOGS: dict[str, dict[str, Any]] = {
    "nemig_en": {
        "rows": 24_000,
        "settings": "preparation.reading.time_unit=order,fields.context="
        "[position,group_size,gender,age_band,education],fields.clicked=[position],"
        "ctr_modeling.features.crosses=[position*group_size,position*clicked_position]",
        "groups": "impression_id",
        "columns": {
            "label": ("row", "label", True),
            "position": ("row", "category", True),
            "gender": ("row", "category", True),
            "category": ("item", "category", True),
            "published": ("item", "number", True),
            "title": ("item", "text", True),
        },
    },
    "open_bandit": {
        "rows": 60_000,  # clicks are rare
        "settings": "fields.context=[position,campaign,user_feature_0,user_feature_1,"
        "user_feature_2,user_feature_3]",
        "groups": "user_id",
        "columns": {
            "label": ("row", "label", True),
            "position": ("row", "category", True),
            "user_feature_3": ("row", "category", True),
            "propensity_score": ("row", None, False),
            "item_feature_0": ("item", "number", True),
        },
    },
}


def raw_files(name: str, most: int, folder: Path) -> Path:
    """The log's files, with the rows of some users."""
    given = SHARED / name
    if not given.is_dir():
        pytest.skip(f"{given} does not exist; set MMCTR_SHARED_DATA to the real logs")
    folder.mkdir()
    log = pq.read_table(given / "interactions.parquet")
    users = pc.unique(log["user_id"]).sort()
    while log.num_rows > most:
        users = users[::2]
        log = log.filter(pc.is_in(log["user_id"], users))
    pq.write_table(log, folder / "interactions.parquet")
    for path in given.glob("*.parquet"):
        if path.stem != "interactions":
            pq.write_table(pa.table(pq.read_table(path)), folder / path.name)
    return folder


@pytest.mark.parametrize("name", LOGS)
def test_a_real_log_is_reported_beside_every_baseline(project, name):
    asked = LOGS[name]
    raw = raw_files(name, asked["rows"], project / "real")
    must_run(
        *(project, "--config", str(project / "conf" / "impressions.yml")),
        *("--params", f"raw_dir={raw},dataset={name},{asked['settings']},{QUICK}"),
    )
    primary = project / "data/03_primary" / name
    tables = ("items", "train", "valid", "test")
    assert all((primary / f"{part}.parquet").is_file() for part in tables)
    assert (primary / "preparation_state").is_dir()
    reporting = project / "data/08_reporting" / name
    log = strict_json(reporting / "preparation.json")["log"]
    assert (log["kind"], log["groups"]) == ("impressions", asked["groups"])
    for column, expected in asked["columns"].items():
        found = log["columns"][column]
        assert (found["side"], found["kind"], found["used"]) == expected, column
        assert found["why"]
    metrics = strict_json(reporting / "metrics.json")
    named = {"item_only", "position_only", "prior", "boosted_trees"}
    for part in ("valid", "test"):
        found = metrics[part]
        assert named <= {x for x, each in found["baselines"].items() if each}
        low, high = found["logloss_interval"]
        assert low < found["logloss"] < high
        # No worse than a click rate, but for chance.
        assert found["baselines"]["prior"]["logloss_difference"][0] <= 0
    history = strict_json(reporting / "training.json")
    assert len(history["seeds"]) == 2
    page = Page((reporting / "report.html").read_text("utf-8"))
    said = page.section("data").words
    for column in asked["columns"]:
        assert column in said
    assert "position only" in page.section("metrics").words
    assert "The log is one of impressions" in page.all("body")[0].words
