"""Case 4, of logs: what is wrong in a raw table is named."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from changed_tables import first, first_vector, replaced, rewrite
from fault_runs import kedro, said
from project_runs import kedro_run, write_log

LOG_FAULTS = {
    "missing": (
        "interactions",
        lambda t: t.drop_columns(["timestamp"]),
        ["'timestamp'"],
    ),
    "type": (
        "items",
        replaced("title", lambda x: [b"title"] * len(x)),
        ["is binary; expected text"],
    ),
    "milliseconds": (
        "interactions",
        replaced("timestamp", first(1_700_000_000_000)),
        ["'timestamp' holds numbers of different sizes", "rows [0, 1] hold [17000"],
    ),
    "width": (
        "items",
        replaced("image_vector", first([1.0])),
        ["rows [0, 1] have [1, 1"],
    ),
    "NaN": (
        "items",
        replaced("image_vector", first_vector(float("nan"))),
        ["'image_vector' has NaN or infinite values in rows [0, 1] (item_id ['toy-"],
    ),
    "twice": (
        "items",
        replaced("item_id", first("toy-1000")),
        ["repeated values in rows"],
    ),
    "negative": (
        "items",
        replaced("likes", first(-1)),
        ["'likes' must be finite and not"],
    ),
    "no rows": ("interactions", lambda t: t.slice(0, 0), ["no rows"]),
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "log")


@pytest.mark.parametrize("fault", LOG_FAULTS)
def test_a_broken_log_is_named(project, log, fault):
    file, change, words = LOG_FAULTS[fault]
    raw = shutil.copytree(log, project / "raw")
    rewrite(raw / f"{file}.parquet", change)
    arguments = ["--env=interactions", "--pipeline=preparation", "--params=raw_dir=raw"]
    if fault in {"NaN", "type"}:
        done = kedro(project, "run", *arguments)
        code, text = done.returncode, said(done)
    else:
        ran = kedro_run(project, *arguments)
        code, text = ran.exit_code, " ".join(ran.output.split())
    assert code == 1
    for word in [f"{file}.parquet", *words]:
        assert word in text, text
    assert not list((project / "data").rglob("*.parquet"))


def test_huge_and_negative_ids_of_a_log_are_only_names(project, log):
    """They become 1, 2, 3 and so on, and come back in the predictions."""
    raw = shutil.copytree(log, project / "raw")
    for file in ("items", "interactions"):
        rewrite(
            raw / f"{file}.parquet",
            replaced(
                "item_id",
                lambda x: [(-1) ** int(i[4:]) * (2**62 + int(i[4:])) for i in x],
            ),
        )
    ran = kedro_run(
        project, "--env=interactions", "--pipeline=preparation", "--params=raw_dir=raw"
    )
    assert ran.exit_code == 0, ran.output
    mapping = pq.read_table(
        next((project / "data/03_primary").rglob("item_id_mapping.parquet"))
    )
    ids = mapping["original_id"].to_pylist()
    assert max(ids) > 2**62
    assert min(ids) < -(2**62)
