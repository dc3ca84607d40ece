"""Set-up happens once, in the right order, and again after it was cut short."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from paths import REPOSITORY

# Stands for python3.11, for the environment's python and for its programs: it writes
# down what it is asked for, and fails where a word of FAIL_ON is asked for.
FAKE = """#!/bin/sh
echo "$(basename "$0") $*" >> calls.log
case "$*" in
    *"-m venv"*)
        mkdir -p .venv/bin
        for name in python kedro ruff lint-imports mkdocs jupyter; do
            cp "$0" .venv/bin/$name
        done ;;
esac
case "$*" in *"$FAIL_ON"*) exit 1 ;; esac
exit 0
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder whose Python is a fake."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    for environment in ("base", "test", "local"):
        (tmp_path / "conf" / environment).mkdir(parents=True)
    (tmp_path / "conf" / "logging.yml").touch()
    (tmp_path / "fake-python").write_text(FAKE)
    (tmp_path / "fake-python").chmod(0o755)
    return tmp_path


def make(
    folder: Path, target: str, *variables: str, fail_on: str = "never"
) -> tuple[int, list[str]]:
    """Run make; give back its exit code and the calls it made."""
    log = folder / "calls.log"
    log.unlink(missing_ok=True)
    # Variables of an outer make would change this one.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", target, *variables, f"PYTHON={folder / 'fake-python'}"],
        cwd=folder,
        env={**kept, "FAIL_ON": fail_on},
        capture_output=True,
        text=True,
        check=False,
    )
    calls = log.read_text().splitlines() if log.exists() else []
    return done.returncode, [call for call in calls if "--version" not in call]


def installs(calls: list[str]) -> list[str]:
    return [call.split()[-1] for call in calls if " pip " in call]


def test_setup_installs_torch_before_the_package(folder):
    code, calls = make(folder, "setup")
    assert code == 0
    assert calls[0].endswith("-m venv .venv")
    torch, package = installs(calls)
    assert torch.startswith("torch==")
    assert package == "."


def test_a_second_setup_does_nothing(folder):
    make(folder, "setup")
    assert make(folder, "setup") == (0, [])


def test_an_extra_brings_the_core_and_not_the_other_way_round(folder):
    make(folder, "setup-dev")
    assert make(folder, "setup") == (0, [])
    make(folder, "clean")
    make(folder, "setup")
    assert installs(make(folder, "setup-dev")[1])[-1] == ".[dev]"


def test_the_set_up_for_ci_is_that_of_every_target(folder):
    code, calls = make(folder, "setup-ci")
    assert code == 0
    assert installs(calls)[-1] == ".[dev,notebooks,docs,viz]"
    for target in ("run", "lint", "docs", "test-browser", "test-notebooks"):
        assert installs(make(folder, target)[1]) == []


def test_a_changed_project_file_is_installed_again_into_the_same_environment(folder):
    make(folder, "setup")
    with (folder / "pyproject.toml").open("a") as file:
        file.write("\n# changed\n")
    code, calls = make(folder, "setup")
    assert code == 0
    assert len(installs(calls)) == 2
    assert not [call for call in calls if "venv" in call.split()]


@pytest.mark.parametrize("step", ["torch", "--editable"])
def test_a_failed_install_is_done_again(folder, step):
    code, _ = make(folder, "run", fail_on=step)
    assert code != 0
    assert not (folder / ".venv" / "core.stamp").exists()
    code, calls = make(folder, "setup")
    assert code == 0
    assert len(installs(calls)) == 2


def test_an_environment_that_was_cut_short_is_made_again(folder):
    (folder / ".venv/bin").mkdir(parents=True)
    code, calls = make(folder, "setup")
    assert code == 0
    assert calls[0].endswith("-m venv .venv")


def test_run_writes_the_sample_only_where_it_is_missing_then_runs_all(folder):
    make(folder, "setup")
    code, calls = make(folder, "run")
    assert code == 0
    assert calls == [
        "kedro run --pipeline sample --only-missing-outputs",
        "kedro run",
    ]


def test_run_stops_where_a_step_fails(folder):
    make(folder, "setup")
    code, calls = make(folder, "run", fail_on="sample")
    assert code != 0
    assert len(calls) == 1


def test_resume_makes_what_is_missing_and_passes_arguments_on(folder):
    make(folder, "setup")
    assert make(folder, "resume") == (
        0,
        [
            "kedro run --pipeline sample --only-missing-outputs",
            "kedro run --only-missing-outputs",
        ],
    )
    own = make(folder, "resume", "ARGS=--env interactions --params raw_dir=DIR")
    only = "kedro run --only-missing-outputs --env interactions --params raw_dir=DIR"
    assert own == (0, [only])


def test_tests_may_be_named(folder):
    make(folder, "setup-dev")
    (call,) = make(folder, "test", "T=tests/evaluation")[1]
    assert call.endswith(") tests/evaluation")
    (call,) = make(folder, "test-faults", "T=tests/faults/test_01.py")[1]
    assert call.endswith("-m faults tests/faults/test_01.py")


def test_test_has_an_installation_of_its_own_with_the_extra(folder):
    make(folder, "setup")
    code, calls = make(folder, "test")
    assert code == 0
    assert installs(calls)[-1] == ".[dev]"
    assert "-m pytest" in calls[-1]
    assert "--cov" not in calls[-1]
    again = make(folder, "test-system")[1]
    assert installs(again) == []
    assert "-m system and not" in again[-1]
    assert "--cov" in make(folder, "coverage")[1][-1]


def test_lint_checks_style_and_imports(folder):
    code, calls = make(folder, "lint")
    assert code == 0
    assert calls[-3:] == ["ruff check .", "ruff format --check .", "lint-imports "]


def test_check_resolves_every_environment_but_local(folder):
    make(folder, "setup")
    code, calls = make(folder, "check")
    assert code == 0
    assert calls == [
        f"kedro catalog resolve-patterns --env {name}" for name in ("base", "test")
    ]


def test_bench_needs_the_core_installation_alone(folder):
    code, calls = make(folder, "bench")
    assert code == 0
    assert installs(calls)[-1] == "."
    assert calls[-1] == "python -m benchmarks"


@pytest.mark.parametrize(
    ("target", "extra", "last"),
    [
        ("notebook", ".[notebooks]", "kedro jupyter lab"),
        (
            "test-notebooks",
            ".[notebooks]",
            "python -m pytest -m notebooks tests/notebooks",
        ),
        ("docs", ".[docs]", "mkdocs build --strict"),
        ("docs-serve", ".[docs]", "mkdocs serve --dev-addr 127.0.0.1:8100"),
    ],
)
def test_a_target_with_an_extra_installs_it_once(folder, target, extra, last):
    code, calls = make(folder, target)
    assert code == 0
    assert installs(calls)[-1] == extra
    assert calls[-1] == last
    assert make(folder, target) == (0, [last])


def test_stripping_notebooks_clears_outputs_and_metadata(folder):
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "one.ipynb").touch()
    code, calls = make(folder, "strip-notebooks")
    assert code == 0
    assert calls[-1].startswith("jupyter nbconvert ")
    assert " --clear-output " in calls[-1]
    assert "ClearMetadataPreprocessor.enabled=True" in calls[-1]
    assert calls[-1].endswith(" notebooks/one.ipynb")
