"""Case 15: a submission is what the challenge takes, checked as it lies on the disk."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from fault_runs import kedro, said
from project_runs import files_below

from mmctr.ctr.params import CtrParams
from mmctr.ctr.submission import build_submission, check_submission
from mmctr.data.datasets import AtomicDataset

SUBMISSION = "data/07_model_output/test/submission.zip"
MEMBER = "prediction.csv"
PARAMS = CtrParams.model_validate(
    {"features": {}, "model": {}, "training": {}, "evaluation": {"seed": 1}, "seed": 1}
)

Forge = Callable[[pd.DataFrame], pd.DataFrame]


def dataset(path: Path) -> AtomicDataset:
    inner = {"type": "mmctr.data.datasets.ZippedCsvDataset", "member": MEMBER}
    return AtomicDataset(dataset=inner, filepath=path.as_posix())


def test_a_run_writes_it_as_it_must_be(finished):
    predictions = pq.read_table(
        finished / "data/07_model_output/test/test_predictions.parquet"
    )
    with zipfile.ZipFile(finished / SUBMISSION) as archive:
        assert archive.namelist() == [MEMBER]
        text = archive.read(MEMBER)
    table = pd.read_csv(io.BytesIO(text))
    assert text.startswith(b"ID,Task1&2\n")
    assert table["ID"].tolist() == list(range(predictions.num_rows))
    np.testing.assert_allclose(
        table["Task1&2"], predictions["probability"].to_numpy(), rtol=1e-15
    )
    reports = finished / "data/08_reporting/test"
    report = json.loads((reports / "submission.json").read_text())
    assert report["rows"] == predictions.num_rows
    assert 0 <= report["lowest"] <= report["highest"] <= 1


def test_equal_predictions_make_equal_bytes(finished, tmp_path):
    """Whenever they are written: a zip holds dates."""
    predictions = pq.read_table(
        finished / "data/07_model_output/test/test_predictions.parquet"
    )
    again = dataset(tmp_path / "submission.zip")
    again.save(build_submission(predictions, PARAMS))
    written = (tmp_path / "submission.zip").read_bytes()
    assert written == (finished / SUBMISSION).read_bytes()


def with_value(row: int, value: object) -> Forge:
    def forge(table: pd.DataFrame) -> pd.DataFrame:
        values = table["Task1&2"].astype(object)
        values[row] = value
        return table.assign(**{"Task1&2": values})

    return forge


FORGED: dict[str, tuple[Forge, str]] = {
    "a row less": (
        lambda table: table[:-1],
        "expected ID 0 to 319 in order, got 319 rows",
    ),
    "a row more": (lambda table: pd.concat([table, table[-1:]]), "got 321 rows"),
    "rows in another order": (lambda table: table[::-1], "in order"),
    "probabilities in another order": (
        lambda table: table.assign(**{"Task1&2": table["Task1&2"].to_numpy()[::-1]}),
        "differs from test_predictions in rows [0",
    ),
    "another header": (
        lambda table: table.rename(columns={"Task1&2": "Task2"}),
        "expected header ['ID', 'Task1&2'], got ['ID', 'Task2']",
    ),
    "a column more": (lambda table: table.assign(more=1), "expected header"),
    "no number": (with_value(3, None), "rows [3] do not"),
    "infinite": (with_value(4, "inf"), "rows [4] do not"),
    "over 1": (with_value(5, 1.0000001), "rows [5] do not"),
    "below 0": (with_value(6, -1e-9), "rows [6] do not"),
    "text": (with_value(7, "likely"), "rows [7] do not"),
}


@pytest.mark.parametrize("how", FORGED)
def test_what_the_challenge_would_refuse_is_refused(finished, tmp_path, how):
    forge, words = FORGED[how]
    predictions = pq.read_table(
        finished / "data/07_model_output/test/test_predictions.parquet"
    )
    submission = dataset(tmp_path / "submission.zip")
    submission.save(forge(build_submission(predictions, PARAMS)))
    with pytest.raises(ValueError, match="submission: ") as error:
        check_submission(submission.load(), predictions, PARAMS)
    assert words in str(error.value)
    assert "kedro run --nodes build_submission,check_submission" in str(error.value)


def test_it_is_checked_as_it_lies_on_the_disk(finished_project):
    """Forged between its writing and its check, with ``accept_changed``."""
    project = finished_project
    path = project / SUBMISSION
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("notes.txt", "another file")
    before = files_below(project / "data")
    done = kedro(
        project,
        *("run", "--env=test", "--nodes=check_submission"),
        "--params=accept_changed=true",
    )
    assert done.returncode == 1, said(done)
    assert "submission.zip is damaged, or of another format" in said(done)
    assert "expected prediction.csv alone" in said(done)
    assert files_below(project / "data") == before

    table = dataset(path)
    path.unlink()
    table.save(pd.DataFrame({"ID": range(320), "Task1&2": np.full(320, 1.5)}))
    done = kedro(
        project,
        *("run", "--env=test", "--nodes=check_submission"),
        "--params=accept_changed=true",
    )
    assert done.returncode == 1, said(done)
    assert "rows [0, 1, 2, 3, 4] do not" in said(done)
