"""Which code made something: the project's version and commit, and its libraries'."""

import platform
import subprocess  # nosec B404
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

import mmctr


def code_versions() -> dict[str, str | None]:
    """Look versions up.

    Returns:
        ``mmctr``, ``commit`` (None where the package lies in no git repository;
        ``-dirty`` follows it where files were changed since), ``python``, and every
        library that the project depends on.
    """
    return {
        "mmctr": mmctr.__version__,
        "commit": _commit(Path(mmctr.__file__).parent),
        "python": platform.python_version(),
        **_libraries(),
    }


def _libraries() -> dict[str, str | None]:
    try:
        stated = metadata.requires("mmctr") or []
    except metadata.PackageNotFoundError:
        return {}
    names = sorted({Requirement(text).name for text in stated if "extra" not in text})
    return {name: installed_version(name) for name in names}


def installed_version(name: str) -> str | None:
    """Give the version of a distribution; None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _commit(folder: Path) -> str | None:
    # An installed package may lie in the folder of somebody else's repository.
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return _git(folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        # Fixed words and this package's folder, no shell; git is where the user has it.
        done = subprocess.run(  # nosec B603 B607
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
