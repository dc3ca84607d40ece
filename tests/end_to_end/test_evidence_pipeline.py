"""The evidence of several logs from the command line, on reports that are made up."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from evidence_logs import ablation, metrics
from project_runs import kedro_run, must_run

EVIDENCE = ("--pipeline", "evidence")
LOGS = (*EVIDENCE, "--params", "evidence.logs=toys+slice")


def write_report(project: Path, log: str, name: str, content: Any) -> Path:
    file = project / "data/08_reporting" / log / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


def outputs(project: Path) -> Path:
    return project / "data/08_reporting/evidence"


@pytest.fixture
def two_logs(project: Path) -> Path:
    """A project in which two logs have run the ablation, and one the model."""
    for log, gain in (("toys", 0.05), ("slice", 0.06)):
        found = ablation({"plain": gain, "coded": gain}, codes=gain - 0.055)
        write_report(project, log, "ablation_details.json", found)
    write_report(project, "toys", "metrics.json", metrics(0.7, {"popularity": 0.6}))
    return project


def test_numbers_table_page_and_figure_are_written_and_the_page_is_shown(two_logs):
    output = must_run(two_logs, *LOGS).output
    folder = outputs(two_logs)
    found = json.loads((folder / "evidence.json").read_text())
    holding = {(x["arm"], x["measure"]) for x in found["results"] if x["holds"]}
    measures = ("gauc", "auc", "logloss")
    # The listed pair has opposite signs.
    plain, listed = ({(arm, x) for x in measures} for arm in ("plain", "none"))
    assert holding >= plain
    assert not holding & listed
    assert found["left_out"] == [{"arm": "model", "other": "popularity"}]
    table = pd.read_csv(folder / "evidence.csv")
    assert {"toys_delta", "slice_low", "random_high", "holds"} <= set(table.columns)
    assert (folder / "evidence.md").read_text() in output
    assert (folder / "evidence_forest.png").read_bytes().startswith(b"\x89PNG")


def test_what_went_in_is_in_a_manifest_of_its_own_and_a_change_makes_it_stale(
    two_logs,
):
    must_run(two_logs, *LOGS)
    manifest = json.loads((outputs(two_logs) / "manifest.json").read_text())
    assert set(manifest["made"]["evidence"]["inputs"]["log_ablations"]) == {
        "toys",
        "slice",
    }
    assert not (two_logs / "data/08_reporting/sample/manifest.json").exists()
    changed = ablation({"plain": -0.05, "coded": -0.05}, codes=0.0)
    write_report(two_logs, "toys", "ablation_details.json", changed)
    must_run(two_logs, *LOGS, "--only-missing-outputs")
    found = json.loads((outputs(two_logs) / "evidence.json").read_text())
    assert found["results"][-1]["logs"][0]["delta"] == 0.05


def test_a_log_without_an_ablation_is_named_with_the_command_that_makes_it(two_logs):
    names = "evidence.logs=toys+books+slice"
    result = kedro_run(two_logs, *EVIDENCE, "--params", names)
    assert result.exit_code == 1
    message = result.output
    assert "data/08_reporting/books/ablation_details.json" in message
    assert "kedro run --pipeline ablation --params dataset=books" in message
    assert "slice" not in message
    assert not (outputs(two_logs) / "evidence.json").exists()


def test_one_log_or_none_is_refused(two_logs):
    for params in (("--params", "evidence.logs=toys"), ()):
        result = kedro_run(two_logs, *EVIDENCE, *params)
        assert result.exit_code == 1
        assert "two at least" in result.output


def test_a_damaged_report_is_named(two_logs):
    file = two_logs / "data/08_reporting/slice/ablation_details.json"
    file.write_text('{"arms": [')
    result = kedro_run(two_logs, *LOGS)
    assert result.exit_code == 1
    assert "slice/ablation_details.json is damaged" in result.output
