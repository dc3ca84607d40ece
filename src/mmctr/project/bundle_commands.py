"""Commands on a bundle; they need no project and no Kedro."""

import logging
import os
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
BUNDLE = click.Argument(["bundle"], type=_FOLDER)
OPTIONAL_BUNDLE = click.Argument(["bundle"], type=_FOLDER, required=False)
_EXTRA = "pip install 'mmctr[serving]'"


@click.command(params=[BUNDLE])
@click.argument("requests", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, .parquet, .csv or .jsonl; without it, CSV is printed.",
)
@click.option(
    "--unknown",
    type=click.Choice(["score", "refuse"]),
    default="score",
    show_default=True,
    help="What happens to items that the bundle lacks.",
)
def score(bundle: Path, requests: Path, output: Path | None, unknown: str) -> None:
    """Score the rows of a file: parquet, CSV, TSV or JSON lines.

    REQUESTS has the columns item_id and history, a list or text such as [17, 204];
    optionally user_id, as_of, timestamp, and fields of users and rows. What is written
    has its columns and, last, probability.
    """
    from mmctr.serving.scored_file import score_file

    try:
        text = score_file(bundle, requests, output, unknown)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(text, nl=False)


_SERVE_OPTIONS: list[click.Parameter] = [
    click.Option(["--host"], default="127.0.0.1", show_default=True),
    click.Option(["--port"], type=int, default=8080, show_default=True),
    click.Option(
        ["--token-env"],
        metavar="NAME",
        help="Environment variable with the token that clients must send.",
    ),
    click.Option(
        ["--unknown"],
        type=click.Choice(["score", "refuse"]),
        default="score",
        show_default=True,
        help="What happens to candidates that the bundle lacks.",
    ),
    click.Option(
        ["--threads"],
        type=int,
        default=0,
        help="Requests that are scored at once; 0: one per processor.",
    ),
    click.Option(
        ["--watch-seconds"],
        type=float,
        default=1,
        show_default=True,
        help="Between two looks whether the bundle was replaced.",
    ),
    click.Option(["--max-body-bytes", "body_bytes"], type=int),
    click.Option(["--max-candidates", "candidates"], type=int),
    click.Option(["--max-history", "history"], type=int),
    click.Option(["--max-new-items", "new_items"], type=int),
    click.Option(["--max-waiting", "waiting"], type=int),
    click.Option(
        ["--timeout", "seconds"],
        type=float,
        help="Seconds for a body to arrive, then for its answer.",
    ),
]
_LIMITS = ("body_bytes", "candidates", "history", "new_items", "waiting", "seconds")


@click.command(params=[BUNDLE, *_SERVE_OPTIONS])
def serve(bundle: Path, token_env: str | None, **options: Any) -> None:
    """Answer requests over HTTP until SIGTERM or Ctrl-C.

    POST /score, /rank and /items; GET /health, /model, /metrics and /docs. A bundle
    that replaces the folder is taken by itself, or on SIGHUP.
    """
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    logging.getLogger("mmctr").setLevel(logging.INFO)
    try:
        from mmctr.serving.http.server import ServerParams
        from mmctr.serving.http.server import serve as run_server
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the package {error.name} is not installed, and serving needs it: {_EXTRA}"
        ) from error
    token = None if token_env is None else os.environ.get(token_env, "")
    if token is not None and not token.strip():
        raise click.ClickException(
            f"the environment variable {token_env} is empty; expected the token"
        )
    limits = {name: options.pop(name) for name in _LIMITS}
    given = {name: value for name, value in limits.items() if value is not None}
    try:
        run_server(bundle, ServerParams(token=token, limits=given, **options))
    except ValidationError as error:
        raise click.ClickException(_faults(error)) from error
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(x) for x in each['loc'])}: {each['msg']}"
        for each in error.errors()
    )


@click.command(name="doctor", params=[BUNDLE])
@click.pass_context
def doctor_of_bundle(ctx: click.Context, bundle: Path) -> None:
    """Check a bundle: hashes, versions, its own requests, memory, what it holds."""
    from mmctr.project.doctor.bundle import examine_bundle
    from mmctr.project.doctor.findings import Level, describe_findings

    findings = examine_bundle(bundle)
    click.echo(describe_findings(findings))
    ctx.exit(any(finding.level is Level.ERROR for finding in findings))


COMMANDS: dict[str, click.Command] = {
    "score": score,
    "serve": serve,
    "doctor": doctor_of_bundle,
}
"""By name."""
