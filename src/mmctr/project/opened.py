"""The project around the working directory, opened as a run with options has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.session import KedroSession
from kedro.utils import find_kedro_project

from mmctr.project.run_options import check_environment


@contextmanager
def opened_project(
    env: str | None, runtime_params: dict[str, Any], otherwise: str = ""
) -> Iterator[KedroContext]:
    """Open the project.

    Args:
        env: The environment; None for the default.
        runtime_params: Of ``--params``.
        otherwise: What works without a project, for the error.

    Yields:
        Its context, with checked parameters.

    Raises:
        click.ClickException: If there is none, or its configuration is refused.
    """
    check_environment(env)
    project = find_kedro_project(Path.cwd())
    if project is None:
        raise click.UsageError(
            f"{Path.cwd()} is in no Kedro project's folder; go there{otherwise}"
        )
    with KedroSession.create(
        project_path=project, env=env, runtime_params=runtime_params
    ) as session:
        yield session.load_context()
