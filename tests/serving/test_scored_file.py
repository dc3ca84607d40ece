"""Files of requests get scores, whatever kind they are of."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmctr.serving.scored_file import score_file

# All use a run of the pipelines.
pytestmark = pytest.mark.system


@pytest.fixture
def table(shared) -> pa.Table:
    """The bundle's own requests with what a caller knows of them."""
    kept = ["item_id", "history", "user_id", "as_of", "timestamp"]
    table = pa.Table.from_pandas(shared.sample[kept], preserve_index=False)
    return table.append_column("country", pa.array(["se"] * table.num_rows))


def written(table: pa.Table, path: Path, separator: str | None = None) -> Path:
    """The table as a file of the kind that its name says."""
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".jsonl":
        lines = [json.dumps(row) for row in table.to_pylist()]
        path.write_text("\n".join(lines))
    else:
        frame = table.to_pandas()
        frame["history"] = [
            separator.join(x) if separator else json.dumps(list(x))
            for x in frame["history"]
        ]
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize(
    ("name", "separator"),
    [
        ("a.parquet", None),
        ("a.jsonl", None),
        ("a.csv", None),
        ("a.csv", "|"),
        ("a.tsv", None),
    ],
)
def test_every_kind_of_file_has_the_scorers_scores(
    shared, bundle, table, tmp_path, name, separator
):
    expected = shared.score_frame(table)
    path = written(table, tmp_path / name, separator)
    for suffix in (".parquet", ".csv", ".jsonl"):
        output = tmp_path / f"out{suffix}"
        assert "20 rows" in score_file(bundle, path, output, "score")
        if suffix == ".parquet":
            found = pq.read_table(output)
            assert found.column_names == [*table.column_names, "probability"]
            assert found["history"].to_pylist() == table["history"].to_pylist()
            scores = found["probability"].to_numpy()
        elif suffix == ".csv":
            scores = pd.read_csv(output)["probability"].to_numpy()
        else:
            rows = [json.loads(x) for x in output.read_text().splitlines()]
            scores = np.array([row["probability"] for row in rows])
        assert np.allclose(scores, expected, rtol=0, atol=1e-15)


def test_the_bundles_own_requests_are_scored_from_json(shared, bundle, tmp_path):
    path, output = tmp_path / "own.jsonl", tmp_path / "out.parquet"
    shared.sample.to_json(path, orient="records", lines=True)
    score_file(bundle, path, output, "score")
    found = pq.read_table(output)["probability"].to_numpy()
    assert found == pytest.approx(shared.score_frame(shared.sample), abs=1e-15)


def test_without_an_output_csv_is_returned(shared, bundle, table, tmp_path):
    path = written(table, tmp_path / "a.parquet")
    (tmp_path / "out.csv").write_text(score_file(bundle, path, None, "score"))
    found = pd.read_csv(tmp_path / "out.csv")
    assert "history" not in found
    assert found["probability"].to_numpy() == pytest.approx(shared.score_frame(table))


def test_what_can_not_be_scored_is_one_sentence(bundle, table, tmp_path):
    less = written(table.drop_columns(["history"]), tmp_path / "less.parquet")
    with pytest.raises(ValueError, match="no column 'history'; there are item_id"):
        score_file(bundle, less, None, "score")
    with pytest.raises(ValueError, match="ends with .parquet, .csv"):
        score_file(bundle, tmp_path / "a.xlsx", None, "score")
    frame = table.to_pandas()
    frame["history"] = "[1, "
    frame.to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(ValueError, match="'history' has '\\[1,' in row 0"):
        score_file(bundle, tmp_path / "bad.csv", None, "score")
    strangers = table.set_column(0, "item_id", pa.array(["none"] * table.num_rows))
    path = written(strangers, tmp_path / "strangers.parquet")
    with pytest.raises(ValueError, match="20 candidates are not in the bundle"):
        score_file(bundle, path, tmp_path / "out.parquet", "refuse")
    assert not (tmp_path / "out.parquet").exists()
    (tmp_path / "nothing.csv").touch()
    with pytest.raises(ValueError, match="is empty .0 bytes.; expected the columns"):
        score_file(bundle, tmp_path / "nothing.csv", None, "score")
    (tmp_path / "no.parquet").write_text("x")
    with pytest.raises(ValueError, match="no.parquet"):
        score_file(bundle, tmp_path / "no.parquet", None, "score")


def test_what_the_bundle_lacks_is_said(bundle, table, tmp_path, caplog):
    strangers = table.set_column(0, "item_id", pa.array(["none"] * table.num_rows))
    path = written(strangers, tmp_path / "strangers.parquet")
    score_file(bundle, path, None, "score")
    assert "not in the bundle: the items of 20 rows (none)" in caplog.text


def test_no_rows_are_no_error(bundle, table, tmp_path):
    path = written(table.slice(0, 0), tmp_path / "a.parquet")
    assert score_file(bundle, path, None, "score").count("\n") == 1
