"""``kedro run`` in a process of its own, as faults find it."""

import os
import subprocess
import sys
from pathlib import Path

from project_runs import REPOSITORY

KEDRO = str(Path(sys.executable).parent / "kedro")


def surroundings() -> dict[str, str]:
    """The environment of a command: a narrow terminal, this checkout's package."""
    kept = {k: v for k, v in os.environ.items() if k != "KEDRO_ENV"}
    return {**kept, "COLUMNS": "200", "PYTHONPATH": str(REPOSITORY / "src")}


def command(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder to its end."""
    return subprocess.run(
        words,
        cwd=project,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def kedro(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``kedro ARGUMENTS``."""
    return command(project, KEDRO, *arguments)


def said(done: subprocess.CompletedProcess[str]) -> str:
    """All that a command printed, its lines joined, without a traceback."""
    text = done.stdout + done.stderr
    assert "Traceback" not in text, text
    return " ".join(text.split())
