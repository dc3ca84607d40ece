"""`kedro run --pipeline predict`: a bundle and a log are all that is needed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from paths import REPOSITORY
from predicting import write_large_log
from project_runs import files_below, kedro_run, must_run
from served_runs import bundle_of, requests_of_test

from mmctr import Scorer

PREDICTIONS = "data/07_model_output/test/predictions.parquet"


@pytest.fixture
def bundle(road, tmp_path) -> Path:
    """A bundle far from the project that made it."""
    made = bundle_of(road[0], "test")
    return Path(shutil.copytree(made, tmp_path / "far" / "bundle"))


@pytest.fixture
def log(road, tmp_path) -> tuple[Path, np.ndarray]:
    """Rows of test, and the pipeline's scores."""
    rows, scores = requests_of_test(road[0], "test")
    made = road[0] / "data/07_model_output/test/test_predictions.parquet"
    labels = pq.read_table(made)["label"]
    rows = rows.drop_columns(["as_of", "timestamp"]).append_column("label", labels)
    user = rows.column_names.index("user_id")
    rows = rows.set_column(user, "user_id", rows["user_id"].cast(pa.int32()))
    rows = rows.append_column("note", pa.array(range(len(scores))))
    (tmp_path / "log").mkdir()
    pq.write_table(rows, tmp_path / "log" / "interactions.parquet")
    return tmp_path / "log", scores


def predict(bundle: object, log: object, *more: str) -> tuple[str, ...]:
    given = ",".join([f"bundle={bundle}", f"log={log}", *more])
    return ("--env", "test", "--pipeline", "predict", "--params", given)


def test_scores_are_the_pipelines_in_a_project_without_data(project, bundle, log):
    folder, scores = log
    done = must_run(project, *predict(bundle, folder))
    found = pq.read_table(project / PREDICTIONS)
    rows = pq.read_table(folder / "interactions.parquet")
    assert found.column_names[:3] == ["user_id", "item_id", "probability"]
    assert found.select(rows.column_names).equals(rows)
    assert np.array_equal(found["probability"].to_numpy(), scores)
    reports = project / "data/08_reporting/test"
    report = json.loads((reports / "predict_report.json").read_text())
    facts = json.loads((bundle / "bundle.json").read_text())
    assert report["metrics"]["auc"] == pytest.approx(facts["metrics"]["test"]["auc"])
    assert report["scores"]["psi"] == pytest.approx(0, abs=1e-3)
    page = (reports / "predict.html").read_text()
    assert page.count("<svg") == 4
    assert "http" not in page.replace("http-equiv", "")
    assert not (project / "data/07_model_output/test/predict_pieces").exists()
    assert "predictions.parquet" in done.output


def test_what_a_user_gets_wrong_is_a_sentence_and_changes_nothing(
    project, bundle, log, caplog
):
    folder, _ = log
    must_run(project, *predict(bundle, folder))
    before = (project / PREDICTIONS).read_bytes()

    def said(*arguments: str) -> str:
        done = kedro_run(project, *arguments)
        assert done.exit_code != 0
        return f"{done.output} {done.exception}"

    only_log = ("--env", "test", "--pipeline", "predict", "--params", f"log={folder}")
    assert "no bundle is named" in said(*only_log)
    assert "no log is named" in said(*only_log[:-1], f"bundle={bundle}")
    assert "is no folder" in said(*predict(folder / "none", folder))
    nothing = said(*predict(bundle, folder / "none"))
    assert "interactions.parquet is missing" in nothing
    assert "--params log=DIR" in nothing
    rows = pq.read_table(folder / "interactions.parquet")
    place = rows.column_names.index("item_id")
    ids = pa.array(range(10**9, 10**9 + rows.num_rows))
    (folder / "strange").mkdir()
    strange = rows.set_column(place, "item_id", ids)
    pq.write_table(strange, folder / "strange" / "interactions.parquet")
    arguments = predict(bundle, folder / "strange")
    params = f"{arguments[-1]},dataset=strange"
    must_run(project, *arguments[:-1], params)
    assert "100.0 % of the rows are of items that the bundle lacks" in caplog.text
    (bundle / "weights.safetensors").write_bytes(b"torn")
    assert "weights.safetensors is damaged" in said(*predict(bundle, folder))
    assert (project / PREDICTIONS).read_bytes() == before


def child(bundle: Path, log: Path, folder: Path, rows: int) -> subprocess.Popen[str]:
    script = REPOSITORY / "tests/helpers/predicting.py"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    return subprocess.Popen(
        [sys.executable, script, bundle, log, folder, str(rows)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> dict:
    output, _ = process.communicate(timeout=1500)
    assert process.returncode == 0
    return json.loads(output)


@pytest.mark.system
def test_two_million_rows_take_the_memory_of_a_tenth(bundle, tmp_path):
    items = Scorer.load(bundle).items
    found = {}
    for rows in (200_000, 2_000_000):
        log = tmp_path / f"log-{rows}"
        write_large_log(log, items, rows)
        found[rows] = ended(child(bundle, log, tmp_path / f"{rows}", 65_536))
        assert found[rows]["rows"] == rows
        assert found[rows]["auc"] == pytest.approx(0.5, abs=0.05)
    # As a table they take 600 MB.
    assert found[2_000_000]["peak"] - found[200_000]["peak"] < 120e6, found


@pytest.mark.system
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(bundle, tmp_path):
    log = tmp_path / "log"
    write_large_log(log, Scorer.load(bundle).items, 200_000)
    ended(child(bundle, log, tmp_path / "undisturbed", 20_000))
    disturbed = tmp_path / "disturbed"
    process = child(bundle, log, disturbed, 20_000)
    until = time.monotonic() + 900
    while not list(disturbed.glob("*/piece-000003")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = {path: path.stat().st_mtime_ns for path in disturbed.glob("*/piece-*/*")}
    kept = {path: at for path, at in kept.items() if ".part" not in str(path)}
    assert 12 <= len(kept) < 30
    ended(child(bundle, log, disturbed, 20_000))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert files_below(disturbed) == files_below(tmp_path / "undisturbed")
