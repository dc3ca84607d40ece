"""Runs of a data set that stay when the next one overwrites its artifacts."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from past_runs import past_run

from mmctr.data.judged_rows import JudgedRows
from mmctr.data.run_differences import (
    differing_inputs,
    differing_parameters,
    run_name,
)
from mmctr.data.run_history import PastRun, RunHistory
from mmctr.data.run_parameters import made_of


def rows_of(label: int = 0) -> JudgedRows:
    rows = pa.table({"group_id": [1, 1], "label": [1, label]})
    return JudgedRows.of(rows, pa.table({"user_id": [5, 5], "item_id": [1, 2]}))


def add(history: RunHistory, label: int = 0, comparable: int = 2) -> PastRun:
    rows = rows_of(label)
    return history.add(
        lambda number: past_run(number, rows_key=rows.key),
        rows,
        np.array([0.7, 0.2]),
        comparable,
    )


@pytest.fixture
def history(tmp_path: Path) -> RunHistory:
    return RunHistory(tmp_path / "history")


def names(history: RunHistory) -> list[str]:
    return sorted(path.name for path in history.folder.iterdir())


def test_an_empty_history_has_no_run(history):
    assert history.runs() == []
    assert history.last_comparable() is None


def test_what_was_added_is_read_as_it_was(history):
    run = add(history)
    assert history.runs() == [run]
    assert history.is_comparable(run)
    assert history.probabilities(run).tolist() == [0.7, 0.2]
    assert history.rows(run).key == rows_of().key


def test_runs_of_the_same_rows_share_them(history):
    for _ in range(2):
        add(history)
    assert [run.number for run in history.runs()] == [1, 2]
    assert sum(name.startswith("rows_") for name in names(history)) == 1


def test_of_older_runs_the_numbers_stay(history):
    add(history, label=1)
    history.keep_report(history.runs()[0], "<html>")
    for _ in range(2):
        add(history)
    first, *later = history.runs()
    assert not history.is_comparable(first)
    assert history.report(first) is None
    assert all(map(history.is_comparable, later))
    # Nor the rows that no other run was judged by.
    assert sum(name.startswith("rows_") for name in names(history)) == 1


def test_none_keeps_more_than_numbers_if_asked_so(history):
    run = add(history, comparable=0)
    history.keep_report(run, "<html>")
    assert names(history) == ["0001.json"]


def test_a_kept_report_names_the_others_beside_it(history):
    run = add(history)
    history.keep_report(run, '<a href="history/0003.html">3</a>')
    page = history.report(run)
    assert page is not None
    assert page.read_text() == '<a href="0003.html">3</a>'


def test_a_number_is_not_given_twice(history):
    for _ in range(2):
        add(history)
    (history.folder / "0001.json").unlink()
    assert add(history).number == 3


def test_a_damaged_record_is_logged_and_left_out(history, caplog):
    add(history)
    (history.folder / "0002.json").write_text('{"number": 2')
    assert [run.number for run in history.runs()] == [1]
    assert "0002.json is no record of a run" in caplog.text
    assert add(history).number == 3


def test_a_record_of_a_later_version_is_read(history):
    content = past_run(4).model_dump(mode="json") | {"unheard_of": 1}
    assert PastRun.model_validate(content) == past_run(4)


def test_a_name_tells_data_set_model_and_what_is_other_than_in_the_first():
    first = past_run()
    assert run_name(first, None) == run_name(first, first) == "toys din"
    parameters = {"seed": 2, "ctr_modeling.training.loss": "bce+pairwise"}
    later = past_run(2, model="mhta", parameters=parameters, inputs={"a.csv": "1"})
    assert run_name(later, first) == (
        "toys mhta: training.loss=bce+pairwise, seed=2, other a.csv and 1 more"
    )


def test_a_parameter_that_one_of_them_lacks_differs_but_names_nothing():
    first = past_run()
    later = past_run(parameters=first.parameters | {"ctr_modeling.new": 3})
    assert differing_parameters(later.parameters, first.parameters) == {
        "ctr_modeling.new": (3, "-")
    }
    assert run_name(later, first) == "toys din"


def test_other_contents_of_a_raw_file_are_named():
    one, other = past_run(), past_run(inputs={"items.parquet": "1f"})
    assert differing_inputs(one.inputs, other.inputs) == ["items.parquet"]


def test_an_artifact_is_made_of_all_that_its_inputs_were_made_of():
    made = {
        "metrics": {"parameters": {"c.d": 7}, "inputs": {"rows": "h", "x": "h"}},
        "rows": {
            "parameters": {"a.seed": 7, "b.seed": 8},
            "inputs": {"source": {"log.csv": "0f", "preparation.reading.x": "1f"}},
        },
        "page": {"parameters": {"other": 1}, "inputs": {}},
    }
    assert made_of(made, "metrics", seed=7) == (
        {"seed": 7, "b.seed": 8, "c.d": 7},
        {"log.csv": "0f"},
    )
