"""Which code made something: the project's version and commit, and its libraries'."""

import platform
from importlib import metadata

from packaging.requirements import Requirement

import mmctr
from mmctr.runtime.code_commit import code_commit


def code_versions() -> dict[str, str | None]:
    """Look versions up.

    Returns:
        ``mmctr``, ``commit`` (None where the package lies in no git repository;
        ``-dirty`` follows it where files were changed since), ``python``, and every
        library that the project depends on.
    """
    return {
        "mmctr": mmctr.__version__,
        "commit": code_commit(),
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
