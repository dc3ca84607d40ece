"""``mmctr compare``."""

from pathlib import Path
from typing import Any

from mmctr.data.run_history import RunHistory
from mmctr.evaluation.params import EvaluationParams
from mmctr.project.comparing.page import compare_sides, list_runs
from mmctr.project.comparing.sides import find_run, is_file, read_scored
from mmctr.project.hooks.after_run import HISTORY
from mmctr.project.opened import opened_project


def compare(
    names: tuple[str, ...], env: str | None, runtime_params: dict[str, Any], most: int
) -> str:
    """List the runs of a data set, or compare two of them, or two scored files.

    Args:
        names: None; or one, which is compared with the latest; or two.
        env: The environment; None for the default.
        runtime_params: Of ``--params``.
        most: How many of the latest are listed.

    Returns:
        The page.

    Raises:
        click.ClickException: If the configuration is refused.
        ValueError: If a run or file can't be compared.
    """
    if names and all(map(is_file, names)):
        if len(names) != 2:
            raise ValueError(f"expected two scored files, got one: {names[0]}")
        sides = [read_scored(Path(name)) for name in names]
        return compare_sides(*sides, EvaluationParams(seed=0))
    if any(map(is_file, names)):
        raise ValueError("expected two runs or two scored files, got one of each")
    with opened_project(
        env, runtime_params, "; two scored files can be compared anywhere"
    ) as context:
        history: RunHistory = context.catalog.load(HISTORY)
        params = context.catalog.load("params:ctr_modeling").evaluation
        dataset = context.catalog.load("params:dataset")
    runs = history.runs()
    if not runs:
        return (
            f"no run of the data set {dataset} is in its history yet: see `kedro run`"
        )
    if not names:
        return f"{dataset}\n{list_runs(history, most)}"
    first, second = names if len(names) == 2 else (names[0], str(runs[-1].number))
    if first == second:
        raise ValueError(f"{first} and {second} are one run; name two")
    return compare_sides(find_run(first, history), find_run(second, history), params)
