"""Case 3: a damaged file is named, with the command that makes it again."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_runs import kedro, said
from project_runs import copy_project, files_below, write_config

Change = Callable[[bytes], bytes]


def flipped(content: bytes) -> bytes:
    """One bit of a value, somewhere behind the headers."""
    place = len(content) * 2 // 3
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def another_digit(content: bytes) -> bytes:
    place = next(i for i, byte in enumerate(content) if byte in b"123456789")
    return content[:place] + b"7" + content[place + 1 :].replace(b"1", b"2", 1)


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def garbage(_: bytes) -> bytes:
    return b"GIF89a" + bytes(range(200))


def nothing(_: bytes) -> bytes:
    return b""


@pytest.fixture(scope="module")
def shared_project(
    finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """One for all: every test puts back what it damaged."""
    folder = copy_project(tmp_path_factory.mktemp("damaged"))
    shutil.copytree(finished / "data", folder / "data")
    yield folder


def refused(project: Path, file: Path, change: Change, *arguments: str) -> str:
    """What a run says that finds the file damaged; all other files stay."""
    whole = file.read_bytes()
    file.write_bytes(change(whole))
    assert file.read_bytes() != whole
    try:
        before = files_below(project / "data")
        done = kedro(project, "run", *arguments)
        assert done.returncode == 1, said(done)
        assert said(done).count("Error: ") == 1
        assert files_below(project / "data") == before
    finally:
        file.write_bytes(whole)
    return said(done).partition("Error: ")[2]


@pytest.mark.parametrize(
    ("name", "change", "node", "maker", "pipeline"),
    [
        (
            "05_model_input/test/item_table.parquet",
            flipped,
            "train_model",
            "build_item_table",
            "fusion",
        ),
        (
            "04_feature/test/vectors/title.npy",
            flipped,
            "evaluate_predictions",
            "embed_items",
            "embedding",
        ),
        (
            "06_models/test/ctr_weights.safetensors",
            flipped,
            "predict_test",
            "train_model",
            "ctr_modeling",
        ),
        (
            "08_reporting/test/preparation.json",
            another_digit,
            "predict_valid",
            "prepare_tables",
            "preparation",
        ),
        (
            "07_model_output/test/submission.zip",
            halved,
            "check_submission",
            "build_submission",
            "ctr_modeling",
        ),
    ],
)
def test_a_damaged_artifact_is_refused_before_any_work(
    shared_project, name, change, node, maker, pipeline
):
    project = shared_project
    message = refused(
        project, project / "data" / name, change, "--env=test", f"--nodes={node}"
    )
    assert f"{name} is not the file that {maker} saved" in message
    again = f"kedro run --pipeline {pipeline} --only-missing-outputs --env test"
    assert again in message


def test_the_command_that_is_named_makes_it_again(finished_project):
    project = finished_project
    file = project / "data/04_feature/test/vectors/title.npy"
    whole = file.read_bytes()
    file.write_bytes(flipped(whole))
    done = kedro(
        project,
        *("run", "--pipeline", "embedding", "--only-missing-outputs", "--env", "test"),
    )
    assert done.returncode == 0, said(done)
    assert file.read_bytes() == whole


def test_what_was_changed_by_hand_and_is_meant_is_taken(shared_project):
    """And without a hash to go by, the file itself is found damaged."""
    project = shared_project
    file = project / "data/04_feature/test/vectors/title.npy"
    arguments = [
        "--env=test",
        "--nodes=quantize_items",
        "--params=accept_changed=true",
    ]
    message = refused(project, file, nothing, *arguments)
    assert "title.npy is damaged, or of another format" in message
    assert "kedro run --only-missing-outputs" in message


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("MicroLens_1M_x1/train.parquet", halved, "not a whole parquet file"),
        ("MicroLens_1M_MMCTR/item_feature.parquet", garbage, "not a whole parquet"),
        ("withheld/ceiling.json", garbage, "expected an 'auc' for each part"),
    ],
)
def test_a_damaged_raw_file_is_named(shared_project, name, change, words):
    file = shared_project / "data/01_raw/test" / name
    message = refused(
        shared_project, file, change, "--env=test", "--pipeline=preparation"
    )
    assert f"{name}: {words}" in message
    assert "write " in message


def test_a_damaged_cache_is_named(shared_project, monkeypatch):
    project = shared_project
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    cache = project / "cache.sqlite"
    cache.write_bytes(b"SQLite format 3\0")
    openai = {"base_url": "http://127.0.0.1:9/v1", "max_retries": 0}
    embedding = {"provider": "openai", "cache": str(cache), "openai": openai}
    config = write_config(
        project / "run.yml",
        env="test",
        pipeline="embedding",
        params={"embedding": embedding},
    )
    message = refused(project, cache, garbage, f"--config={config}")
    assert "cache.sqlite: the file is damaged, or no SQLite file" in message
    assert "Move it away and run again" in message


def test_a_damaged_study_is_named(shared_project):
    project = shared_project
    study = project / "data/07_model_output/test/tuning/study.db"
    study.parent.mkdir(parents=True)
    study.write_bytes(b"SQLite format 3\0")
    done_before = json.loads(
        (project / "data/08_reporting/test/manifest.json").read_text()
    )
    study.write_bytes(garbage(b""))
    done = kedro(project, "run", "--env=test", "--pipeline=tuning")
    assert done.returncode == 1
    assert "tuning/study.db is damaged, or no file of studies" in said(done)
    assert "Move the file away and run `kedro run --pipeline tuning`" in said(done)
    assert study.read_bytes() == garbage(b"")
    now = json.loads((project / "data/08_reporting/test/manifest.json").read_text())
    assert now["outputs"].items() >= done_before["outputs"].items()
