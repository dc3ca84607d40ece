"""Files as people have them, through the command line."""

import json

import pytest
from log_faults import REFUSED
from log_forms import SAME
from project_runs import kedro_run, must_run, write_log

PREPARE = ("--env=interactions", "--pipeline=preparation")


@pytest.mark.parametrize(
    "name", ["other names", "ratings", "repeated columns", "order"]
)
def test_what_is_not_clear_is_one_message_with_a_remedy(project, tmp_path, name):
    form, said = REFUSED[name]
    raw = form.written(tmp_path)
    result = kedro_run(project, *PREPARE, f"--params=raw_dir={raw},dataset=x")
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    text = " ".join(result.output.split())
    for fragment in said:
        assert fragment in text
    assert not list((project / "data").rglob("*.parquet"))


def test_parameters_reach_the_reader_and_the_report_names_what_it_found(project):
    raw = write_log(project / "log")
    reading = "preparation.reading"
    params = f"raw_dir={raw},dataset=x,{reading}.time_unit=order"
    must_run(project, *PREPARE, f"--params={params},{reading}.ignore_columns=[likes]")
    folder = project / "data/08_reporting/x"
    log = json.loads((folder / "preparation.json").read_text())["log"]
    assert log["clock"] is False
    assert log["first_day"] is None
    assert (
        "interactions.parquet: column 'timestamp': an order, no times" in log["notes"]
    )
    assert not log["columns"]["likes"]["used"]


def test_packed_text_is_prepared_as_parquet_is(project, tmp_path):
    for form in ("base", "csv.gz"):
        (tmp_path / form).mkdir()
        raw = SAME[form].written(tmp_path / form)
        name = form.replace(".", "_")
        few = "preparation.negatives_per_positive=1,preparation.valid_fraction=0.3"
        few += ",preparation.test_fraction=0.3,preparation.min_history=0"
        must_run(project, *PREPARE, f"--params=raw_dir={raw},dataset={name},{few}")
    primary = project / "data/03_primary"
    for file in ("items", "train", "valid", "test", "item_id_mapping"):
        one, other = (primary / x / f"{file}.parquet" for x in ("base", "csv_gz"))
        assert one.read_bytes() == other.read_bytes(), file
