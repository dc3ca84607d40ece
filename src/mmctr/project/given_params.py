"""``--params`` and ``--config``: parameters that a command is given."""

import json
import re
from collections.abc import Iterable
from typing import Any, cast

import click
from kedro.framework.cli.project import run as kedro_run
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

_FILE_PARAMS = "mmctr.file_params"

# Parameters that are names, even where they look like numbers.
TEXT_PARAMETERS = {
    "dataset",
    "raw_dir",
    "sample.name",
    "embedding.images.path",
    "preparation.reading.time_format",
}


def parse_params(texts: Iterable[str]) -> dict[str, Any]:
    """Read ``a=1,b.c=2`` as nested values.

    A comma belongs to the value where no ``KEY=`` follows it, or within quotes. Names
    stay text: ``dataset=007``.

    Args:
        texts: One or more such texts; a later value replaces an earlier one.

    Returns:
        The values by section and name.

    Raises:
        click.UsageError: If a text does not begin with a key, or a value is no YAML.
    """
    items = [item for text in texts for item in _split_items(text)]
    for item in items:
        if not _KEY.match(item):
            raise click.UsageError(
                f"--params: '{item}' has no key; write KEY=VALUE[,KEY=VALUE]"
            )
    try:
        conf = OmegaConf.from_dotlist([_quote_text(item) for item in items])
    except (YAMLError, OmegaConfBaseException) as error:
        raise click.UsageError(f"--params: {error}") from error
    return cast(dict[str, Any], OmegaConf.to_container(conf))


_KEY = re.compile(r"\s*[\w.+-]+\s*=")


def _split_items(text: str) -> list[str]:
    items: list[str] = []
    for piece in text.split(","):
        value = items[-1].partition("=")[2].strip() if items else ""
        is_open = value[:1] in ("'", '"') and (value[1:] or " ")[-1] != value[0]
        if is_open:
            items[-1] += f",{piece}"
        elif piece.strip() and items and not _KEY.match(piece):
            items[-1] += f",{piece.rstrip()}"
        elif piece.strip():
            items.append(piece.strip())
    return [item.rstrip() for item in items]


def merge_params(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Merge the parameters of ``--config`` and each ``--params``; later ones win."""
    given = [ctx.meta.get(_FILE_PARAMS, {}), parse_params(value)]
    return OmegaConf.to_container(OmegaConf.merge(*given))


def _quote_text(item: str) -> str:
    key, value = (part.strip() for part in item.split("=", 1))
    if key in TEXT_PARAMETERS and value[:1] not in ("'", '"'):
        value = json.dumps(value)
    return f"{key}={value}"


def read_config(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> str | None:
    """Take the options of ``--config FILE`` as defaults of this command.

    The file holds those of ``run`` under this key, by their long names, as Kedro has
    it; another command takes those that it has.

    Raises:
        click.BadParameter: If the file holds something else.
    """
    if value is None:
        return None
    try:
        content = OmegaConf.to_container(OmegaConf.load(value))
    except (YAMLError, OmegaConfBaseException, OSError, ValueError) as error:
        raise click.BadParameter(f"{value}: {error}") from error
    options = content.get("run") if isinstance(content, dict) else None
    if not isinstance(options, dict):
        raise click.BadParameter(f"{value}: expected options under a key 'run'")
    known = {str(x.name) for x in (*kedro_run.params, *ctx.command.params)}
    known -= {"config"}
    for name in options:
        if name not in known:
            raise click.BadParameter(
                f"{value}: '{name}' is not an option; known: {', '.join(sorted(known))}"
            )
    params = options.pop("params", None) or {}
    if isinstance(params, str):
        params = parse_params([params])
    if not isinstance(params, dict):
        raise click.BadParameter(f"{value}: 'params' must hold names and values")
    ctx.meta[_FILE_PARAMS] = params
    ctx.default_map = {**(ctx.default_map or {}), **options}
    return value


CONFIG_OPTION = click.Option(
    ["--config", "-c"],
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    expose_value=False,
    is_eager=True,
    callback=read_config,
    help="A file of options of a run, as `kedro run --config` takes it.",
)

PARAMS_OPTION = click.Option(
    ["--params"],
    type=click.UNPROCESSED,
    multiple=True,
    callback=merge_params,
    help="Parameters as KEY=VALUE,KEY=VALUE; again for more, the later value wins.",
)
