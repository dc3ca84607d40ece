"""Checks of the machine and of what is installed on it."""

import platform
import shutil
import tomllib
from importlib.metadata import metadata, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mmctr.project.doctor.findings import Finding, Level
from mmctr.project.provenance.versions import installed_version

_PACKAGE = "mmctr"
# A run of the challenge's size, 1.1 GB of raw files, needed 5.1 GB of memory and wrote
# 2 GB; the sample needs 0.8 GB.
_MEMORY_PER_RAW, _LEAST_MEMORY = 4.5, 0.8e9
_DISK_PER_RAW, _LEAST_DISK = 3.0, 0.2e9


def check_python(pyproject: Path) -> Finding:
    """Compare this Python with ``requires-python``."""
    wanted = _stated_by(pyproject).get("requires-python")
    wanted = wanted or metadata(_PACKAGE)["Requires-Python"]
    found = platform.python_version()
    if SpecifierSet(wanted).contains(found, prereleases=True):
        return Finding(Level.OK, "python", found)
    return Finding(
        Level.ERROR,
        "python",
        f"expected {wanted}, got {found}",
        "make .venv again with such a Python: make clean setup PYTHON=python3.11",
    )


def check_requirements(pyproject: Path, extras: list[str]) -> list[Finding]:
    """Compare installed libraries with the bounds of ``pyproject.toml``.

    Args:
        pyproject: The file; where it says nothing of them, as in a project beside an
            installed wheel, the wheel's own bounds count.
        extras: Optional groups that the parameters need.
    """
    project = _stated_by(pyproject)
    stated = requires(_PACKAGE) or [] if not project else list(project["dependencies"])
    for extra in extras if project else []:
        stated += project["optional-dependencies"][extra]
    requirements = [Requirement(text) for text in stated]
    wanted = [x for x in requirements if _applies(x, extras)]
    findings = []
    for each in wanted:
        found = installed_version(each.name)
        if found and each.specifier.contains(found, prereleases=True):
            continue
        findings.append(
            Finding(
                Level.ERROR,
                "libraries",
                f"expected {each.name}{each.specifier}, got {found or 'none'}",
                f"pip install '{each.name}{each.specifier}'",
            )
        )
    if findings:
        return findings
    where = pyproject.name if project else f"{_PACKAGE} {version(_PACKAGE)}"
    text = f"{len(wanted)}, all within the bounds of {where}"
    return [Finding(Level.OK, "libraries", text)]


def _stated_by(pyproject: Path) -> dict[str, Any]:
    return tomllib.loads(pyproject.read_text()).get("project", {})


def _applies(requirement: Requirement, extras: list[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": x}) for x in ("", *extras))


def check_device(names: set[str]) -> list[Finding]:
    """Check that torch finds the devices that the parameters name."""
    from mmctr.runtime.device import resolve_device

    findings = []
    for name in sorted(names):
        try:
            device = resolve_device(name)
        except ValueError as error:
            text, _, remedy = str(error).partition("; ")
            findings.append(Finding(Level.ERROR, "device", text, remedy))
        else:
            text = device.type if name == device.type else f"{name}: {device.type}"
            findings.append(Finding(Level.OK, "device", text))
    return findings


def check_disk(folder: Path, raw_bytes: int) -> Finding:
    """Compare free space with what a run may write.

    Args:
        folder: Where artifacts go; it need not be there yet.
        raw_bytes: Size of the raw files.
    """
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(there).free
    wanted = _LEAST_DISK + _DISK_PER_RAW * raw_bytes
    text = f"{_gb(free)} free at {there}"
    if free >= wanted:
        return Finding(Level.OK, "disk", text)
    return Finding(
        # Artifacts may be there already, and are replaced.
        Level.ERROR if free < _LEAST_DISK else Level.WARNING,
        "disk",
        f"{text}, a first run may write {_gb(wanted)}",
        "make room, or move data/ and link it",
    )


def check_memory(raw_bytes: int, available: int | None) -> Finding:
    """Compare memory with what a run may need.

    Args:
        raw_bytes: Size of the raw files.
        available: From :func:`mmctr.runtime.free_memory.available_memory`.
    """
    if available is None:
        return Finding(Level.OK, "memory", "not known here")
    wanted = _LEAST_MEMORY + _MEMORY_PER_RAW * raw_bytes
    text = f"{_gb(available)} available"
    if available >= wanted:
        return Finding(Level.OK, "memory", text)
    return Finding(
        Level.WARNING,
        "memory",
        f"{text}, a run on these files may need {_gb(wanted)}",
        "end other programs, or take a machine with more",
    )


def _gb(number: float) -> str:
    return f"{number / 1e9:.1f} GB"
