"""Checks of credentials, named files and the lock."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.config import OmegaConfigLoader
from paths import CONF
from pyarrow import csv

from mmctr.data.datasets import InteractionLog
from mmctr.data.fields.params import FieldsParams
from mmctr.project.doctor.data_set import (
    check_credentials,
    check_first_rows,
    check_known_users,
    check_lock,
    check_named_files,
    check_own_code,
    describe_fields,
)
from mmctr.project.doctor.findings import Level
from mmctr.project.params import ProjectParams, check_parameters
from mmctr.runtime.dataset_lock import DatasetLock


def params_with(**embedding: Any) -> ProjectParams:
    """The parameters of base with other values of ``embedding``."""
    loader = OmegaConfigLoader(
        conf_source=str(CONF), base_env="base", default_run_env="base"
    )
    tree = dict(loader["parameters"])
    return check_parameters({**tree, "embedding": {**tree["embedding"], **embedding}})


def test_a_key_is_wanted_only_by_the_provider_that_needs_one(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert check_credentials(params_with(provider="lsa")).level is Level.OK
    found = check_credentials(params_with(provider="openai"))
    assert found.level is Level.ERROR
    assert "OPENAI_API_KEY" in found.remedy
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hush")
    found = check_credentials(params_with(provider="openai"))
    assert found.level is Level.OK
    assert "hush" not in found.text + found.remedy


def test_own_code_that_is_not_there_is_an_error():
    assert check_own_code(params_with()) == []
    (found,) = check_own_code(params_with(provider="elsewhere:Embedder"))
    assert found.level is Level.ERROR
    assert "no module elsewhere here" in found.text


def test_times_of_the_first_rows_are_read(tmp_path):
    def found(**reading: Any) -> list[Any]:
        return check_first_rows(InteractionLog(path=str(tmp_path), reading=reading))

    kinds = ["view", "buy", "view"]
    log = {"user_id": [1, 2, 3], "item_id": [1, 2, 1], "kind": kinds}
    log["timestamp"] = ["31.01.2024 10:00", "01.02.2024 9:30", "02.02.2024 23:59"]
    items = {"item_id": [1, 2], "title": ["x", "y"]}
    for name, columns in {"interactions": log, "items": items}.items():
        csv.write_csv(pa.table(columns), tmp_path / f"{name}.csv")
    (error,) = found()
    assert error.level is Level.ERROR
    assert "'preparation.reading.time_format=%d.%m.%Y %H:%M'" in error.text
    form = {"time_format": "%d.%m.%Y %H:%M"}
    times, label = found(**form)
    assert "2024-01-31 to 2024-02-02" in times.text
    assert label.level is Level.WARNING
    assert "preparation.reading.keep.kind=[view]" in label.text
    keep = {"kind": ["view"]}
    (times,) = found(**form, keep=keep)
    assert times.level is Level.OK
    log_of_views = InteractionLog(path=str(tmp_path), reading={"keep": keep})
    (fields,) = describe_fields(log_of_views, FieldsParams(), {})
    assert "kind" not in fields.text


def test_files_that_parameters_name_must_be_there(tmp_path):
    file = tmp_path / "vectors.npy"
    params = params_with(provider="precomputed", precomputed={"path": file.name})
    (found,) = check_named_files(params, tmp_path)
    assert found.level is Level.ERROR
    assert "embedding.precomputed.path=vectors.npy does not exist" in found.text
    file.touch()
    assert check_named_files(params, tmp_path) == []
    (found,) = check_named_files(params_with(images={"path": "no"}), tmp_path)
    assert "embedding.images.path" in found.text


def test_a_run_at_work_is_told_of_and_its_lock_left_alone(tmp_path):
    folder = tmp_path / "toys"
    assert check_lock(folder).level is Level.OK
    lock = DatasetLock.take(folder, "toys")
    found = check_lock(folder)
    assert found.level is Level.WARNING
    assert "process " in found.text
    assert check_lock(folder) == found
    lock.release()
    assert check_lock(folder).level is Level.OK


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_columns_that_would_be_fields_are_shown(tmp_path, ending):
    log = {"user_id": [1, 2], "item_id": [1, 2], "timestamp": [10**9, 10**9 + 5]}
    tables = {
        "interactions": {**log, "device": ["a", "b"], "place": [1, 2]},
        "items": {"item_id": [1, 2], "title": ["x", "y"], "price": [0.5, 1.5]}
        | {"likes": [1, 2], "tag": ["red", "blue"]},
    }
    for name, columns in tables.items():
        file = str(tmp_path / f"{name}.{ending}")
        write = pq.write_table if ending == "parquet" else csv.write_csv
        write(pa.table(columns), file)
    source = InteractionLog(path=str(tmp_path))
    (found,) = describe_fields(source, FieldsParams(context=["device"]), {})
    assert found.level is Level.OK
    assert [" ".join(line.split()) for line in found.text.splitlines()[1:]] == [
        "item price number numbers of 2 values",
        "item likes level likes of the item",
        "item tags tags tags of the item",
        "row device category text of 2 values",
        "row place not used not named in fields.context",
    ]
    (found,) = describe_fields(source, FieldsParams(clicked=["place"]), {})
    last = " ".join(found.text.splitlines()[-1].split())
    assert last.startswith("row place tags fields.clicked: what it was at the user's")
    (found,) = describe_fields(source, FieldsParams(context=["devise"]), {})
    assert found.level is Level.WARNING
    assert "did you mean 'device'" in found.text
    (tmp_path / f"items.{ending}").unlink()
    (found,) = describe_fields(source, FieldsParams(), {})
    assert found.level is Level.WARNING
    assert "items" in found.text


def test_text_that_a_modality_is_made_of_is_described_so(tmp_path):
    log = {"user_id": [1, 2], "item_id": [1, 2], "timestamp": [10**9, 10**9 + 5]}
    plots = [f"a story of its own, number {x}" for x in range(200)]
    items = {"item_id": range(200), "title": ["x"] * 200, "plot": plots}
    pq.write_table(pa.table(log), tmp_path / "interactions.parquet")
    pq.write_table(pa.table(items), tmp_path / "items.parquet")
    source = InteractionLog(path=str(tmp_path))
    for named, said in (({}, "free text: a modality"), ({"plot": "tale"}, "tale")):
        (found,) = describe_fields(source, FieldsParams(), named)
        assert said in found.text
        assert ("by embedding.modalities" in found.text) == (not named)


def test_whether_users_return_is_said_once_it_is_known():
    params = FieldsParams()
    assert check_known_users(None, params) == []
    for share, advice in ((0.9, "try --params fields.user_id=true"), (0.1, "")):
        (found,) = check_known_users({"test": {"known_user_share": share}}, params)
        assert found.remedy == advice
        assert f"{share:.1%} of the rows of test" in found.text
    params = FieldsParams(user_id=True)
    assert check_known_users({"test": {"known_user_share": 1.0}}, params) == []
