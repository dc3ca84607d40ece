"""``kedro run`` in a process of its own, as faults find it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from paths import REPOSITORY
from warm_kedro import WarmKedro

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


def kedro(
    project: Path, *arguments: str, patch: str = ""
) -> subprocess.CompletedProcess[str]:
    """``kedro ARGUMENTS`` to its end.

    Args:
        project: Its folder.
        arguments: Kedro's.
        patch: Python that puts a fault in its place, run before.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        run = WarmKedro(
            project,
            arguments,
            environment=surroundings(),
            stdout=out,
            stderr=err,
            patch=patch,
        )
        code = run.wait(timeout=500)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


def said(done: subprocess.CompletedProcess[str]) -> str:
    """All that a command printed, its lines joined, without a traceback."""
    text = done.stdout + done.stderr
    assert "Traceback" not in text, text
    return " ".join(text.split())


class Run:
    """``kedro ARGUMENTS`` whose output is read while it runs."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.lines: list[str] = []
        reading, writing = os.pipe()
        self._output = os.fdopen(reading)
        with os.fdopen(writing, "wb") as output:
            self.process = WarmKedro(
                project,
                arguments,
                environment=surroundings(),
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        self._output.close()

    def read(self, is_enough: Callable[[list[str]], bool]) -> bool:
        """Read lines until it is enough; False if the run ends before that."""
        for line in self._output:
            self.lines.append(line)
            if is_enough(self.lines):
                return True
        return False

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        self.lines += self._output
        return self.process.wait(timeout=500)

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
