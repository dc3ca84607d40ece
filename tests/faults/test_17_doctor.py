"""Case 17: ``doctor`` says what is wrong and what to do, and its exit code says all."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fault_runs import command, kedro, said
from project_runs import files_below

RAW = "data/01_raw/test/MicroLens_1M_x1/train.parquet"


def test_all_is_well_after_a_run_and_nothing_is_touched(finished_project):
    project = finished_project
    before = files_below(project / "data")
    done = kedro(project, "doctor", "--env=test")
    assert done.returncode == 0, said(done)
    for topic in ("python", "libraries", "device", "disk", "memory", "credentials"):
        assert f"ok {topic} " in said(done)
    assert "raw files 6, with the expected columns and types" in said(done)
    assert "all fitting" in said(done)
    assert "0 errors, 0 warnings" in said(done)
    assert files_below(project / "data") == before


def test_an_error_is_named_with_its_remedy(finished_project):
    project = finished_project
    table = pq.read_table(project / RAW).drop_columns(["item_seq"])
    text = pa.array(["x"] * table.num_rows)
    place = table.column_names.index("item_id")
    pq.write_table(table.set_column(place, "item_id", text), project / RAW)
    codes = project / "data/04_feature/test/codes/title.npy"
    np.save(codes, np.load(codes)[:-1])
    (project / "data/06_models/test/ctr_weights.safetensors").write_bytes(b"")
    done = command(
        project,
        *(sys.executable, "-m", "mmctr", "doctor", "--env", "test"),
        *("--params", "embedding.provider=openai,device=cpu"),
    )
    assert done.returncode == 1
    assert said(done).count("column 'item_seq' is missing") == 1
    for words in (
        "ERROR credentials embedding.provider=openai needs a key",
        "export OPENAI_API_KEY=KEY",
        "train.parquet: column 'item_seq' is missing",
        "train.parquet: column 'item_id' is string; expected whole numbers",
        "--params raw_dir=DIR",
        "codes: codes/title.npy is not the file that quantize_items saved",
        "ctr_weights: ctr_weights.safetensors is not the file that train_model saved",
        "made with embedding.provider=lsa, asked now: embedding.provider=openai",
        "-> kedro run --only-missing-outputs --env test and the same --params",
    ):
        assert words in said(done), said(done)
