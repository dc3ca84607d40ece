"""Commands to go on with after a run; each runs as it is printed."""

import shlex
import shutil
import sys
from pathlib import Path

from mmctr.reporting.closing_page import NextCommand

ARGUMENTS = "mmctr.arguments"
"""Where the command line keeps its arguments."""

_OF_DATA = ("--env", "-e", "--params", "--config", "-c")
"""Options that say which data set with which settings; all of them have a value."""


def next_commands(
    arguments: list[str],
    paths: dict[str, str],
    env: str | None,
    dataset: str | None,
    before: int | None = None,
) -> list[NextCommand]:
    """Name commands that use what a run has made.

    Args:
        arguments: Those of the run's command line; none in a notebook.
        paths: Where each artifact of the run lies.
        env: The environment; None for the default.
        dataset: Name of the data set, where it is not the environment's own.
        before: Number of the run before, where it can be compared with this one.

    Returns:
        Two to five.
    """
    where = ["--env", env] if env else []
    found = {}
    if bundle := paths.get("bundle"):
        example = [program("mmctr"), "score", bundle, f"{bundle}/sample.parquet"]
        found["score rows, here the examples in the bundle"] = example
    run = [program("kedro"), "run", *(options_of_data(arguments) or where)]
    if "report" not in paths:
        found["see more of it in the report"] = [*run, "--pipeline", "reporting"]
    other = ["--pipeline", "ctr_modeling", "--params", "ctr_modeling.model.name=mhta"]
    found["train another model on the same rows"] = [*run, *other]
    where += ["--params", f"dataset={dataset}"] if dataset else []
    if before is not None:
        compared = [program("mmctr"), "compare", str(before), *where]
        found["compare this run with the one before"] = compared
    files = [program("mmctr"), "artifacts", *where]
    found["see all files of this data set, and what their making took"] = files
    return [NextCommand(purpose, shlex.join(words)) for purpose, words in found.items()]


def options_of_data(arguments: list[str]) -> list[str]:
    """Keep the options that name data set and settings, as they were written."""
    kept: list[str] = []
    wants_value = False
    for word in arguments:
        name = word.partition("=")[0]
        if wants_value or name in _OF_DATA:
            kept.append(word)
        wants_value = not wants_value and word in _OF_DATA
    return kept


def program(name: str) -> str:
    """Write a program of this environment so that a shell finds it.

    Returns:
        Its name where the environment is active, else its path from here.
    """
    own = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    if found and Path(found) == own:
        return name
    here = Path.cwd()
    return str(own.relative_to(here) if own.is_relative_to(here) else own)
