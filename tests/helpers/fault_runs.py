"""``kedro run`` in a process of its own, as faults find it."""

import os
import subprocess
import sys
from collections.abc import Callable
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


# Runs ``kedro ARGUMENTS`` after some lines of Python, the first argument.
PATCHED = """
import sys
patch = sys.argv.pop(1)
exec(patch)
from kedro.framework.cli.cli import main
sys.argv[0] = "kedro"
main()
"""


def patched(
    project: Path, patch: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """``kedro ARGUMENTS`` in a process in which a fault is waiting.

    Args:
        project: Its folder.
        patch: Python that puts the fault in its place.
        arguments: Kedro's.
    """
    return command(project, sys.executable, "-c", PATCHED, patch, *arguments)


class Run:
    """``kedro ARGUMENTS`` whose output is read while it runs."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [KEDRO, *arguments],
            cwd=project,
            env={**surroundings(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def read(self, is_enough: Callable[[list[str]], bool]) -> bool:
        """Read lines until it is enough; False if the run ends before that."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if is_enough(self.lines):
                return True
        return False

    def end(self) -> int:
        """Wait for the end and give the exit code."""
        rest, _ = self.process.communicate(timeout=500)
        self.lines += rest.splitlines(keepends=True)
        return self.process.returncode

    @property
    def said(self) -> str:
        """All that was read, its lines joined."""
        return " ".join("".join(self.lines).split())


def leftovers(project: Path) -> list[str]:
    """Half-written files and locks."""
    return [
        str(path.relative_to(project))
        for path in (project / "data").rglob(".*")
        if path.name == ".lock" or path.suffix == ".part"
    ]
