"""Commands that a run ends with: the same data set, and a shell can read them."""

import shlex
import sys
from pathlib import Path

import pytest

from mmctr.project.next_commands import next_commands, options_of_data, program

PATHS = {"bundle": "data/06_models/toys/bundle", "report": "report.html"}


def commands(arguments: list[str], paths: dict[str, str] = PATHS) -> list[list[str]]:
    found = next_commands(arguments, paths, "interactions", "toys")
    return [shlex.split(each.command)[1:] for each in found]


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ([], []),
        (["--pipeline", "bundle", "--traceback"], []),
        (["--env", "test", "--nodes", "a,b"], ["--env", "test"]),
        (["-e", "test", "--params=a=1"], ["-e", "test", "--params=a=1"]),
        (
            ["--config", "c.yml", "--params", "a=1", "--params", "b=2"],
            ["--config", "c.yml", "--params", "a=1", "--params", "b=2"],
        ),
    ],
)
def test_options_on_the_data_set_are_kept(arguments, kept):
    assert options_of_data(arguments) == kept


def test_they_repeat_how_the_run_was_started():
    given = ["--env", "interactions", "--params", "raw_dir=/my logs,dataset=toys"]
    score, train, files = commands([*given, "--only-missing-outputs"])
    assert score == ["score", PATHS["bundle"], f"{PATHS['bundle']}/sample.parquet"]
    assert train[: 1 + len(given)] == ["run", *given]
    assert files == [
        *("artifacts", "--env", "interactions"),
        *("--params", "dataset=toys"),
    ]


def test_what_a_run_did_not_make_is_not_used():
    (report, *_) = commands([], {})
    assert report == ["run", "--env", "interactions", "--pipeline", "reporting"]


def test_a_program_is_named_so_that_a_shell_finds_it(monkeypatch, tmp_path):
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "kedro"):
        (folder / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin")
    assert program("kedro") == str(Path(".venv/bin/kedro"))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin")
    assert program("kedro") == "kedro"
    monkeypatch.chdir("/")
    monkeypatch.setenv("PATH", "/usr/bin")
    assert program("kedro") == str(folder / "kedro").lstrip("/")
