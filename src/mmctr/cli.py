"""``kedro run`` as users of this project meet it: text stays text, errors are short."""

import copy
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import KedroCliError, _split_params
from kedro.io import DatasetError

# What goes wrong because of data, settings or surroundings; anything else is a defect
# of ours and keeps its traceback.
EXPECTED_ERRORS = (ValueError, DatasetError, OSError, RuntimeError)


class RunCommand(click.Command):
    """Kedro's run command, with errors that are for people."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run; turn an expected error into its message and exit code 1."""
        try:
            return super().invoke(ctx)
        except click.ClickException:
            raise
        except EXPECTED_ERRORS as error:
            KedroCliError.VERBOSE_EXISTS = False
            raise KedroCliError(str(error)) from error


def split_params(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Split ``--params`` as Kedro does, but leave names as the text they are.

    Kedro reads ``dataset=007`` as the number 7.
    """
    if isinstance(value, str):
        value = ",".join(_quote_text(item) for item in value.split(","))
    return _split_params(ctx, param, value)


def _quote_text(item: str) -> str:
    key, separator, text = item.partition("=")
    if separator and key.strip() in {"dataset", "raw_dir", "sample.name"}:
        return f"{key}='{text}'" if "'" not in text else item
    return item


def _run_options() -> list[click.Parameter]:
    options = []
    for option in kedro_run.params:
        ours = copy.copy(option)
        if option.name == "params":
            ours.callback = split_params
        options.append(ours)
    return options


run = RunCommand(
    name="run",
    callback=kedro_run.callback,
    params=_run_options(),
    help=kedro_run.help,
)


@click.group(name="mmctr")
def cli() -> None:
    """Commands of this project; they take the place of Kedro's own of the same name."""


cli.add_command(run)
