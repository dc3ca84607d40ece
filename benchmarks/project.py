"""A project of its own for runs that are measured."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def copy_project(folder: Path) -> None:
    """Copy what a run needs of the project, without data, to an empty folder."""
    for name in ("conf", "pyproject.toml", ".telemetry"):
        source = REPOSITORY / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    (folder / "src").mkdir()


def kedro(
    folder: Path | str, arguments: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Call ``kedro`` there.

    Raises:
        RuntimeError: If it fails; its last words are in the message.
    """
    done = subprocess.run(
        [sys.executable, "-m", "mmctr", *arguments],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"kedro {arguments} ended with {done.returncode}: "
            f"{(done.stdout + done.stderr)[-2000:]}"
        )
