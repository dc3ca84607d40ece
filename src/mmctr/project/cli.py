"""The project's commands: ``run`` with short errors, and ``doctor``."""

import copy
import shlex
from pathlib import Path
from typing import Any

import click
from kedro.config import MissingConfigException
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import KedroCliError, env_option
from kedro.io import DatasetError
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from mmctr.content.embedders.errors import DryRun, EmbeddingError
from mmctr.project.bundle_commands import (
    OPTIONAL_BUNDLE,
    doctor_of_bundle,
    score,
    serve,
)
from mmctr.project.doctor.findings import Level, describe_findings
from mmctr.project.given_params import CONFIG_OPTION, PARAMS_OPTION, read_config
from mmctr.project.kedro_errors import sentence_of
from mmctr.project.new_project import new
from mmctr.project.next_commands import ARGUMENTS, program
from mmctr.project.run_options import check_run_options
from mmctr.runtime.signals import Stopped, ended_by_sigterm

# Caused by data, settings or the machine; anything else is a defect of this project and
# keeps its traceback.
EXPECTED_ERRORS = (
    ValueError,
    OSError,
    DatasetError,
    EmbeddingError,
    MissingConfigException,
    OmegaConfBaseException,
    YAMLError,
)

# 128 + SIGINT.
STOPPED = 130

ONLY_MISSING = "--only-missing-outputs"


class RunCommand(click.Command):
    """Kedro's run command, with short errors."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember the arguments, to say how to resume a stopped run."""
        ctx.meta[ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; turn an expected error into its message and exit code 1.

        A dry run ends with 0, a run that a signal stopped with 128 plus its number:
        130 for Ctrl-C, 143 for SIGTERM.
        """
        traceback = ctx.params.pop("traceback")
        check_run_options(ctx.params)
        try:
            with ended_by_sigterm():
                return super().invoke(ctx)
        except KedroCliError as error:
            # Its own show() prints no message with click 8.4 and later.
            raise click.ClickException(error.message) from error
        except click.ClickException:
            raise
        except DryRun as end:
            click.echo(f"{end.plan}\ndry run: nothing was sent, no vectors written")
            ctx.exit(0)
        except Stopped as stop:
            click.echo(
                f"Stopped: {stop}\nFinished outputs are kept. Resume with: "
                f"{_resuming(ctx.meta[ARGUMENTS])}",
                err=True,
            )
            ctx.exit(int(stop.code or 0))
        except KeyboardInterrupt as stop:
            click.echo(f"Stopped: {str(stop) or 'by Ctrl-C'}", err=True)
            ctx.exit(STOPPED)
        except EXPECTED_ERRORS as error:
            if traceback:
                raise
            raise click.ClickException(
                f"{sentence_of(error)}\n"
                "(kedro run --traceback shows where it comes from)"
            ) from error


def _resuming(arguments: list[str]) -> str:
    """The command that resumes a run with these arguments."""
    more = [] if ONLY_MISSING in arguments else [ONLY_MISSING]
    return shlex.join([program("kedro"), "run", *arguments, *more])


def _run_options() -> list[click.Parameter]:
    options = [PARAMS_OPTION]
    for option in kedro_run.params:
        ours = copy.copy(option)
        if option.name == "config":
            # Before the others, whose defaults the file states.
            ours.callback, ours.is_eager = read_config, True
        if option.name != "params":
            options.append(ours)
    options.append(
        click.Option(
            ["--traceback"],
            is_flag=True,
            help="Show where an error comes from, line by line.",
        )
    )
    return options


run = RunCommand(
    name="run",
    callback=kedro_run.callback,
    params=_run_options(),
    help=kedro_run.help,
)


EXAMPLES = """\b
Examples, in the project's folder:
  mmctr run --pipeline sample          write the synthetic sample
  mmctr run                            from raw files to the report
  mmctr run --only-missing-outputs     what is missing or stale
  mmctr run --env interactions --params raw_dir=DIR,dataset=NAME
  mmctr run --pipeline ctr_modeling --params ctr_modeling.training.patience=2
  mmctr doctor                         check this machine and data set
  mmctr artifacts                      all files of the data set
  mmctr compare                        its runs; compare 1 2: their difference

\b
Anywhere, without the project:
  mmctr new FOLDER                     write a project to start with
  mmctr score BUNDLE requests.parquet -o scores.parquet
  mmctr serve BUNDLE                   answer over HTTP
  mmctr doctor BUNDLE                  check a bundle

\b
The same with `kedro` for `mmctr`; with options alone, `mmctr` is `mmctr run`.
Kedro's other commands:
  kedro registry list                  the pipelines
  kedro catalog resolve-patterns       every data set and where it lies
  kedro viz run                        the graph and its previews (make viz)
  kedro jupyter lab                    notebooks that know the catalog
"""


@click.group(
    name="mmctr",
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def cli() -> None:
    """Titles, covers and clicks to click-through-rate models.

    Commands of this project; they replace Kedro's of the same name.
    """


cli.add_command(run)
cli.add_command(score)
cli.add_command(serve)
cli.add_command(new)


@cli.command(params=[CONFIG_OPTION, PARAMS_OPTION, OPTIONAL_BUNDLE])
@env_option
@click.pass_context
def doctor(
    ctx: click.Context, env: str | None, params: dict[str, Any], bundle: Path | None
) -> None:
    """Check versions, device, disk, memory, credentials, raw files and artifacts.

    Or, with the folder of a BUNDLE, that bundle; anywhere. It says what to do about
    each problem, changes nothing, and ends with 1 if there are errors.
    """
    from mmctr.project.doctor.command import examine

    if bundle is not None:
        ctx.invoke(doctor_of_bundle, bundle=bundle)
    try:
        findings = examine(env, params)
    except click.ClickException:
        raise
    except EXPECTED_ERRORS as error:
        raise click.ClickException(str(error)) from error
    click.echo(describe_findings(findings))
    ctx.exit(any(finding.level is Level.ERROR for finding in findings))


@cli.command(params=[CONFIG_OPTION, PARAMS_OPTION])
@env_option
def artifacts(env: str | None, params: dict[str, Any]) -> None:
    """List all files that runs made of a data set, and what their making took."""
    from mmctr.project.artifacts import list_artifacts

    try:
        text = list_artifacts(env, params)
    except click.ClickException:
        raise
    except EXPECTED_ERRORS as error:
        raise click.ClickException(str(error)) from error
    click.echo(text)


@cli.command(params=[CONFIG_OPTION, PARAMS_OPTION])
@click.argument("names", nargs=-1, metavar="[A] [B]")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True)
@env_option
def compare(
    names: tuple[str, ...], env: str | None, params: dict[str, Any], most: int
) -> None:
    """Compare two runs on the same rows, or list the latest runs of a data set.

    A and B are numbers of runs, NAME/NUMBER of another data set's, or two files that
    `mmctr score` wrote of rows with labels. Without B, A is compared with the latest
    run. What is printed is B minus A, with an interval over the same users.
    """
    from mmctr.project.comparing.command import compare as compare_runs

    if len(names) > 2:
        raise click.UsageError(f"expected two runs at most, got {len(names)}")
    try:
        text = compare_runs(names, env, params, most)
    except click.ClickException:
        raise
    except EXPECTED_ERRORS as error:
        raise click.ClickException(str(error)) from error
    click.echo(text)
