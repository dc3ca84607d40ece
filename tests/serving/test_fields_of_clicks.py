"""Fields of earlier clicks of a user: from a run to a bundle and a scored log."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from project_runs import TINY, copy_project
from served_runs import bundle_of, requests_of_test, run_log

from mmctr import Scorer
from mmctr.data.fields.field import FIRST
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.scored_log import ScoredLog
from mmctr.serving.prediction.log_scorer import LogScorer
from mmctr.serving.prediction.params import PredictParams

pytestmark = pytest.mark.system

USERS, ITEMS, SCREENS, SHOWN = 80, 30, 16, 4
DATASET, MOST = "clicked", 5
FIELDS = {"context": ["position"], "clicked": ["position"], "max_tags": MOST}
FEATURES = {
    "item_id": True,
    "content": "none",
    "statistics": [],
    "crosses": ["position*clicked_position"],
}


def write_screens(folder):
    """Screens, a click each: half of the users like the first place, half the last."""
    rng = np.random.default_rng(0)
    user, screen, place = np.indices((USERS, SCREENS, SHOWN)).reshape(3, -1)
    liked = np.where(np.arange(USERS) % 2 == 0, 0, SHOWN - 1)[:, None]
    others = rng.integers(0, SHOWN, (USERS, SCREENS))
    clicked = np.where(rng.random((USERS, SCREENS)) < 0.8, liked, others)
    log = {
        "user_id": user,
        "item_id": rng.integers(0, ITEMS, len(user)),
        "timestamp": 10**9 + screen * 86_400 + user,
        "label": (place == clicked[user, screen]).astype(np.int8),
        "position": place + 1,
    }
    items = {"item_id": np.arange(ITEMS), "title": [f"n {x}" for x in range(ITEMS)]}
    folder.mkdir(parents=True)
    pq.write_table(pa.table(log), folder / "interactions.parquet")
    pq.write_table(pa.table(items), folder / "items.parquet")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A project with a run whose model looks back at positions."""
    folder = copy_project(tmp_path_factory.mktemp("clicked") / "project")
    write_screens(folder / "raw")
    ctr = TINY["ctr_modeling"]
    training = {"max_epochs": 8, "batch_size": 64, "learning_rate": 0.01}
    own = ctr | {"features": FEATURES, "training": training}
    run_log(folder, TINY | {"dataset": DATASET, "fields": FIELDS, "ctr_modeling": own})
    return folder


def test_habits_are_learned(run):
    path = run / "data/08_reporting" / DATASET / "metrics.json"
    metrics = json.loads(path.read_text())["test"]
    assert metrics["baselines"]["position_only"]["gauc_difference"][0] > 0


def test_a_scored_log_finds_the_clicks_by_itself(run, tmp_path):
    scorer = LogScorer.of(
        bundle_of(run, DATASET),
        ScoredLog.open(str(run / "raw"), ReadingParams()),
        PredictParams(rows_at_once=500, folder=str(tmp_path)),
    )
    scored = scorer.score()
    rows = pa.concat_tables(scored.store.rows(x) for x in range(scored.count))
    keys = ("user_id", "item_id", "timestamp", "position")
    found = {
        tuple(row[x] for x in keys): row["probability"] for row in rows.to_pylist()
    }
    test = pq.read_table(run / "data/05_model_input" / DATASET / "test_rows.parquet")
    requests, scores = requests_of_test(run, DATASET)
    state = json.loads((bundle_of(run, DATASET) / "fields.json").read_text())
    values = state["fields"][0]["values"]
    columns = [requests[x].to_pylist() for x in keys[:3]]
    codes = test["field_position"].to_pylist()
    columns.append([int(values[code - FIRST]) for code in codes])
    off = [
        abs(found[key] - score)
        for key, score in zip(zip(*columns, strict=True), scores, strict=True)
    ]
    assert len(off) > SHOWN * USERS / 2
    assert max(off) < 1e-6


def test_a_request_states_them_the_newest_first(run):
    scorer = Scorer.load(bundle_of(run, DATASET))
    row = {"position": [1, SHOWN]}

    def scores(*clicked):
        return scorer.score([], [1, 1], {"clicked_position": list(clicked)}, row)

    first, last = scores(1, 1, 1), scores(SHOWN, SHOWN, SHOWN)
    assert first[0] > first[1]
    assert last[0] < last[1]
    # Equal ones count each, and those behind the newest do not.
    assert not np.allclose(scores(1, 1, 1, SHOWN), scores(1, SHOWN))
    assert np.array_equal(scores(*[1] * MOST, SHOWN), scores(*[1] * MOST))
