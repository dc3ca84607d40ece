"""A log is scored by a bundle alone, as the pipeline that made the bundle scores it."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from served_runs import requests_of_test

from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.scored_log import ScoredLog
from mmctr.serving.errors import UnknownItemsError
from mmctr.serving.prediction.log_scorer import LogScorer
from mmctr.serving.prediction.params import PredictParams
from mmctr.serving.prediction.report import report_of

# All use a run of the pipelines.
pytestmark = pytest.mark.system

KEYS = ("user_id", "item_id", "timestamp")


@pytest.fixture
def raw(project, tmp_path):
    """The log of the run, of one's own."""
    return shutil.copytree(project / "raw", tmp_path / "raw")


@pytest.fixture
def score(bundle, tmp_path):
    """Scores a log; gives rows and report."""

    def of(folder, reading=None, **params):
        given = {"rows_at_once": 4096 * 4, "folder": str(tmp_path / "pieces")}
        scorer = LogScorer.of(
            bundle,
            ScoredLog.open(str(folder), reading or ReadingParams()),
            PredictParams(**(given | params)),
        )
        scored = scorer.score()
        rows = pa.concat_tables(scored.store.rows(x) for x in range(scored.count))
        return rows, report_of(scored, scorer.state.bundle)

    return of


def rewrite(folder, name, change):
    """Change a table of a log."""
    path = folder / f"{name}.parquet"
    table = change(pq.read_table(path))
    pq.write_table(table, path)
    return table


def test_test_rows_of_the_raw_log_have_the_pipelines_scores(project, raw, score):
    found, report = score(raw)
    log = pq.read_table(raw / "interactions.parquet")
    assert found.drop_columns(["probability"]).equals(
        log.select(["user_id", "item_id", "timestamp", "label", "position"])
    )
    table, scores = requests_of_test(project)
    names = zip(*(table[x].to_pylist() for x in KEYS), strict=True)
    expected = dict(zip(names, scores, strict=True))
    by_key = dict(
        zip(
            zip(*(found[x].to_pylist() for x in KEYS), strict=True),
            found["probability"].to_pylist(),
            strict=True,
        )
    )
    off = [abs(by_key[key] - value) for key, value in expected.items()]
    assert max(off) < 1e-6
    assert report["rows"] == report["labelled_rows"] == log.num_rows
    assert report["unknown"]["users"] == 0.0
    assert 0.5 < report["metrics"]["auc"] < 1
    # Most rows are train's own, and items grow older.
    drift = {name: each["psi"] for name, each in report["fields"].items()}
    assert drift.pop("item_age") > 0.25
    assert max(drift.values()) < 0.1


def test_pieces_and_what_was_killed_between_them_change_no_row(raw, score, tmp_path):
    whole, report = score(raw)
    pieces, again = score(raw, rows_at_once=700)
    assert pieces.drop_columns(["probability"]).equals(
        whole.drop_columns(["probability"])
    )
    assert np.allclose(
        pieces["probability"].to_numpy(), whole["probability"].to_numpy(), atol=1e-6
    )
    assert again["metrics"]["auc"] == pytest.approx(report["metrics"]["auc"], abs=1e-4)
    (folder,) = [path.parent for path in (tmp_path / "pieces").glob("*/piece-000003")]
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("piece-00000[0-1]/*")}
    for number in (2, 3, 4):
        shutil.rmtree(folder / f"piece-{number:06d}")
    assert score(raw, rows_at_once=700)[0].equals(pieces)
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


def test_a_column_of_histories_is_taken_as_it_is(project, raw, score):
    table, expected = requests_of_test(project)
    log = pq.read_table(raw / "interactions.parquet").to_pylist()
    position = {tuple(row[x] for x in KEYS): row["position"] for row in log}
    rows = zip(*(table[x].to_pylist() for x in KEYS), strict=True)
    table = table.drop_columns(["as_of"]).append_column(
        "position", pa.array([position[row] for row in rows])
    )
    rewrite(raw, "interactions", lambda _: table)
    found, report = score(raw)
    assert np.array_equal(found["probability"].to_numpy(), expected)
    assert report["metrics"] is None
    assert report["click_rate"] is None


def test_clicks_before_the_log_are_in_histories(raw, score, shared):
    rewrite(
        raw,
        "interactions",
        lambda _: pa.table({"user_id": ["u1", "new", None], "item_id": ["i3"] * 3}),
    )
    history = pa.table({"user_id": ["u1"] * 3, "item_id": ["i1", "i5", "none"]})
    pq.write_table(history, raw / "history.parquet")
    found, report = score(raw)
    user = {"user_id": "u1", "country": "dk"}
    scores = found["probability"].to_numpy()
    assert scores[:1] == pytest.approx(shared.score(["i1", "i5"], ["i3"], user))
    assert scores[1:2] == pytest.approx(shared.score([], ["i3"], {"user_id": "new"}))
    assert scores[2:] == pytest.approx(shared.score([], ["i3"]))
    assert report["unknown"]["users"] == pytest.approx(2 / 3)
    assert report["unknown"]["empty_histories"] == pytest.approx(2 / 3)


def test_rows_of_the_same_time_are_not_before_each_other(raw, score, shared):
    rows = {"user_id": ["a"] * 3, "item_id": ["i1", "i2", "i3"], "label": [1, 1, 0]}
    later = 2 * 10**9
    rewrite(
        raw,
        "interactions",
        lambda _: pa.table({**rows, "timestamp": [later + 5, later, later]}),
    )
    scores = score(raw)[0]["probability"].to_numpy()
    for row, history, item, time in (
        (0, ["i2"], "i1", later + 5),
        (1, [], "i2", later),
        (2, [], "i3", later),
    ):
        expected = shared.score(history, [item], {"user_id": "a"}, None, time)
        assert scores[row] == pytest.approx(expected[0], abs=1e-6)


def test_rows_without_a_label_are_clicks_if_it_is_said(raw, score, shared):
    later = 2 * 10**9
    rows = {"user_id": ["a"] * 2, "item_id": ["i1", "i2"]}
    table = pa.table({**rows, "timestamp": [later, later + 5]})
    rewrite(raw, "interactions", lambda _: table)
    for clicks, history in (("auto", []), ("labelled", []), ("all", ["i1"])):
        found, _ = score(raw, clicks=clicks)
        expected = shared.score(history, ["i2"], {"user_id": "a"}, None, later + 5)
        second = found["probability"].to_numpy()[1]
        assert second == pytest.approx(expected[0], abs=1e-6)


def test_new_items_of_the_log_are_added(raw, score, scorer):
    new = {"item_id": ["brand new"], "title": ["small red robot"], "price": [3.0]}
    rewrite(raw, "items", lambda _: pa.table(new))
    rewrite(
        raw,
        "interactions",
        lambda _: pa.table({"user_id": ["u1"] * 2, "item_id": ["brand new", "i1"]}),
    )
    found, report = score(raw)
    assert report["new_items"] == 1
    assert report["unknown"]["candidates"] == 0
    scorer.add_items(pa.table(new))
    user = {"user_id": "u1", "country": "dk"}
    expected = scorer.score([], ["brand new", "i1"], user)
    assert found["probability"].to_numpy() == pytest.approx(expected, abs=1e-6)


def test_unknown_items_are_scored_or_refused(raw, score):
    def change(log):
        return log.set_column(
            log.column_names.index("item_id"),
            "item_id",
            pc.replace_substring(log["item_id"], "i7", "nowhere"),
        )

    log = rewrite(raw, "interactions", change)
    (raw / "items.parquet").unlink()
    found, report = score(raw)
    lacking = pc.sum(pc.starts_with(log["item_id"], "nowhere")).as_py()
    assert report["unknown"]["candidates"] == pytest.approx(lacking / log.num_rows)
    assert found["probability"].null_count == 0
    with pytest.raises(UnknownItemsError, match="'nowhere'.*predict.unknown=score"):
        score(raw, unknown="refuse")


def test_a_log_of_another_form_has_the_same_scores(raw, score):
    expected = score(raw)[0]
    log = pq.read_table(raw / "interactions.parquet")
    (raw / "interactions.parquet").unlink()
    (raw / "interactions").mkdir()
    for number in range(3):
        part = log.slice(number * 1000, 1000)
        pq.write_table(
            part, raw / "interactions" / f"{number}.parquet", row_group_size=300
        )
    found = score(raw, rows_at_once=256)[0]
    close = {"rtol": 0, "atol": 1e-6}
    scores = expected["probability"].to_numpy()
    assert np.allclose(found["probability"].to_numpy(), scores, **close)
    shutil.rmtree(raw / "interactions")
    renamed = log.rename_columns(["who", "item_id", "timestamp", "clicked", "position"])
    pa_csv.write_csv(renamed, raw / "interactions.csv")
    reading = ReadingParams(columns={"user_id": "who"}, label={"column": "clicked"})
    found = score(raw, reading)[0]
    assert found.column_names[:3] == ["user_id", "item_id", "probability"]
    assert np.allclose(found["probability"].to_numpy(), scores, **close)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda log: log.drop_columns(["user_id"]), "column 'user_id' is missing"),
        (lambda log: log.slice(0, 0), "no rows; write the file again"),
        (
            lambda log: log.set_column(1, "item_id", pa.array(range(log.num_rows))),
            "item ids of this bundle are string, and got int64",
        ),
        (
            lambda log: log.set_column(0, "user_id", pa.array(range(log.num_rows))),
            "user ids of this bundle are string, and got int64",
        ),
        (
            lambda log: log.append_column("probability", log["label"]),
            "would be written over.*ignore_columns",
        ),
    ],
)
def test_a_log_that_does_not_fit_is_an_error_that_says_why(raw, score, change, message):
    rewrite(raw, "interactions", change)
    (raw / "users.parquet").unlink()
    with pytest.raises(ValueError, match=message):
        score(raw)


def test_an_impression_is_as_of_its_first_row(raw, score, shared):
    later = 2 * 10**9
    rows = {
        "user_id": ["a"] * 3,
        "item_id": ["i1", "i2", "i3"],
        "label": [1, 0, 0],
        "timestamp": [later, later + 9, later + 9],
        "impression_id": ["x", "x", "y"],
    }
    rewrite(raw, "interactions", lambda _: pa.table(rows))
    scores = score(raw, rows_at_once=2)[0]["probability"].to_numpy()
    user = {"user_id": "a"}
    second = shared.score([], ["i2"], user, {"timestamp": later + 9}, later)
    third = shared.score(["i1"], ["i3"], user, {"timestamp": later + 9}, later + 9)
    assert scores[1:] == pytest.approx([second[0], third[0]], abs=1e-6)


def test_a_bundle_knows_what_train_was_like(bundle):
    reference = json.loads((bundle / "reference.json").read_text())
    fields = reference["fields"]
    assert {"category", "country", "position", "price", "hour", "item_age"} <= set(
        fields
    )
    for each in (*fields.values(), reference["scores"], reference["odds"]):
        assert sum(each["shares"]) == pytest.approx(1)
        assert len(each["bins"]) == len(each["shares"])
    assert set(fields["country"]["bins"][3:-1]) == {"se", "dk", "no"}
