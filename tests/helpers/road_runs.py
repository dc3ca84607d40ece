"""The tiny sample with every pipeline run on it."""

from pathlib import Path

import pytest
from project_runs import ROAD, copy_project, must_run
from shared_runs import made_once


def road_project(factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project in which every pipeline has run by itself, in order, in env test.

    Returns:
        Its folder, only to be read, and the output of each pipeline's run.
    """

    def run_all(folder: Path) -> dict[str, str]:
        copy_project(folder)
        return {
            name: must_run(folder, "--env", "test", "--pipeline", name).output
            for name in ("sample", *ROAD)
        }

    return made_once(factory, "road", run_all)
