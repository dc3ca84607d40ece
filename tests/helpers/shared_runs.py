"""What one process of tests makes, all of them use: a project that has run."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

Build = Callable[[Path], dict[str, str]]
"""Fills a folder; returns texts to be kept with it."""


def made_once(
    factory: pytest.TempPathFactory, name: str, build: Build
) -> tuple[Path, dict[str, str]]:
    """Return a folder that is filled once per session of tests, whoever asks first.

    Args:
        factory: pytest's; workers of pytest-xdist share the parent of its folder.
        name: Of the folder.
        build: Fills it, under a lock.

    Returns:
        The folder, only to be read, and the texts of ``build``.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, texts = base / name, base / f"{name}.json"
    with FileLock(base / f"{name}.lock"):
        if not texts.exists():
            folder.mkdir()
            texts.write_text(json.dumps(build(folder)))
    return folder, json.loads(texts.read_text())
