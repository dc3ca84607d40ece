"""Checks of versions, devices, disk and memory."""

from pathlib import Path

import pytest
from paths import REPOSITORY

from mmctr import __version__
from mmctr.project.doctor.findings import Finding, Level, describe_findings
from mmctr.project.doctor.machine import (
    check_device,
    check_disk,
    check_memory,
    check_python,
    check_requirements,
)
from mmctr.runtime.free_memory import available_memory

PYPROJECT = REPOSITORY / "pyproject.toml"


@pytest.fixture
def pyproject(tmp_path: Path):
    """Write a project file with other bounds."""

    def write(python: str = ">=3.11", *dependencies: str, extra: str = "numpy") -> Path:
        path = tmp_path / "pyproject.toml"
        path.write_text(
            f'[project]\nrequires-python = "{python}"\n'
            f"dependencies = {list(dependencies)}\n"
            f'[project.optional-dependencies]\nimages = ["{extra}"]\n'
        )
        return path

    return write


def test_this_installation_is_within_its_own_bounds():
    assert check_python(PYPROJECT).level is Level.OK
    assert [x.level for x in check_requirements(PYPROJECT, ["images"])] == [Level.OK]


def test_beside_a_wheel_its_own_bounds_count(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.kedro]\npackage_name = "mmctr"\n')
    assert check_python(path).level is Level.OK
    (plain,) = check_requirements(path, [])
    (more,) = check_requirements(path, ["images"])
    assert {plain.level, more.level} == {Level.OK}
    assert f"within the bounds of mmctr {__version__}" in plain.text
    assert int(more.text.split(",")[0]) > int(plain.text.split(",")[0])


def test_another_python_is_an_error(pyproject):
    found = check_python(pyproject(">=4"))
    assert found.level is Level.ERROR
    assert "expected >=4" in found.text


def test_libraries_out_of_bounds_and_missing_ones_are_named(pyproject):
    path = pyproject(
        ">=3.11",
        "numpy<1",
        "pandas",
        "no-such-library>=2",
        "not-for-us>1; sys_platform == 'plan9'",
        extra="other-library",
    )
    findings = check_requirements(path, [])
    assert [x.level for x in findings] == [Level.ERROR, Level.ERROR]
    assert "expected numpy<1, got 2" in findings[0].text
    assert findings[0].remedy == "pip install 'numpy<1'"
    assert "expected no-such-library>=2, got none" in findings[1].text
    assert len(check_requirements(path, ["images"])) == 3


def test_a_device_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    findings = check_device({"cpu", "cuda"})
    assert [x.level for x in findings] == [Level.OK, Level.ERROR]
    assert "device=auto" in findings[1].remedy


@pytest.mark.parametrize(
    ("free", "raw", "level"),
    [(10e9, 1e9, Level.OK), (2e9, 1e9, Level.WARNING), (1e8, 0, Level.ERROR)],
)
def test_little_room_is_told_of(tmp_path, monkeypatch, free, raw, level):
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(
        "mmctr.project.doctor.machine.shutil.disk_usage", lambda _: usage
    )
    found = check_disk(tmp_path / "data" / "none", int(raw))
    assert found.level is level
    assert str(tmp_path) in found.text


@pytest.mark.parametrize(
    ("available", "level"), [(9e9, Level.OK), (2e9, Level.WARNING), (None, Level.OK)]
)
def test_little_memory_is_told_of(available, level):
    assert check_memory(int(1e9), available).level is level


def test_memory_is_known_on_linux():
    available = available_memory()
    if not Path("/proc/meminfo").exists():
        pytest.skip("no /proc here")
    assert available is not None
    assert 0 < available < 1e15


def test_the_page_has_what_was_found_what_to_do_and_a_sum():
    page = describe_findings(
        [
            Finding(Level.OK, "python", "3.11"),
            Finding(Level.ERROR, "raw files", "one\ntwo", "mend them"),
            Finding(Level.WARNING, "memory", "little"),
        ]
    )
    assert page.splitlines() == [
        "ok      python       3.11",
        "ERROR   raw files    one",
        "                     two",
        "                     -> mend them",
        "warning memory       little",
        "",
        "1 error, 1 warning",
    ]
