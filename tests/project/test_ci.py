"""``.ci/run`` calls every target of tests and ends with a table of seconds."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from paths import REPOSITORY

IN_ORDER = ("setup-ci", "lint", "test", "test-system", "test-faults")
LIST = ("test-browser", "test-notebooks", "run", "check", "docs")
SIDE_BY_SIDE = (*LIST, "test-evidence")
TARGETS = (*IN_ORDER, *SIDE_BY_SIDE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder in which ``make``, ``chromium`` and the like are fakes."""
    (tmp_path / "bin").mkdir()
    for name, body in (
        ("make", '[ "$1" != "$FAIL_ON" ] || exit 3'),
        ("chromium", ""),
        ("chromedriver", ""),
    ):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    shutil.copy(REPOSITORY / ".ci/run", tmp_path / ".ci/run")
    return tmp_path


def ci(folder: Path, fail_on: str = "never") -> tuple[int, list[list[str]]]:
    """Run it; return its exit code and the rows of its table."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", ".ci/run"],
        cwd=folder,
        env={**os.environ, "PATH": path, "FAIL_ON": fail_on},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    header, *rows = filter(None, done.stdout.splitlines())
    assert header.split() == ["target", "seconds"]
    return done.returncode, [row.split() for row in rows]


def test_every_target_has_its_seconds_in_the_table(folder):
    code, rows = ci(folder)
    assert code == 0
    names = [row[0] for row in rows]
    assert names[: len(IN_ORDER)] == [*IN_ORDER]
    assert sorted(names[len(IN_ORDER) : -1]) == sorted(SIDE_BY_SIDE)
    assert names[-1] == "all"
    assert all(row[1].isdigit() for row in rows)


def test_a_failed_target_ends_it_with_its_code_and_the_table(folder):
    code, rows = ci(folder, fail_on="test-system")
    assert code == 3
    assert [row[0] for row in rows] == [*IN_ORDER[:4], "all"]
    assert [row[2:] for row in rows] == [[]] * 3 + [["failed"], []]


@pytest.mark.parametrize("name", ["test-evidence", "test-browser"])
def test_a_target_that_fails_beside_others_lets_those_end(folder, name):
    code, rows = ci(folder, fail_on=name)
    assert code == 3
    assert [row[0] for row in rows if row[2:]] == [name]
    others = {"test-evidence"} if name == "test-browser" else {*LIST}
    assert others < {row[0] for row in rows}


def test_no_target_of_tests_is_forgotten():
    made = re.findall(r"^(test[\w-]*):", (REPOSITORY / "Makefile").read_text(), re.M)
    assert set(made) == {name for name in TARGETS if name.startswith("test")}
