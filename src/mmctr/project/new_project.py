"""``mmctr new``: the files of a project to start with."""

import re
import shutil
from importlib.metadata import version
from pathlib import Path

import click

from mmctr import __version__
from mmctr.runtime.atomic import atomic_folder

_STARTER = Path(__file__).parent / "starter"
_FILES = ("Makefile", "README.md", "pyproject.toml", "gitignore")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Write a project to start with into FOLDER, which must not exist or be empty.

    It gets the configuration (conf/), a Makefile, a README, and src/ for code of your
    own; the pipelines stay those of the installed mmctr.
    """
    try:
        write_project(folder)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{folder}: a project of mmctr {__version__}. Go on with\n"
        f"  cd {folder}\n"
        "  make run        # the synthetic sample, in minutes\n"
        "  make doctor     # check this machine"
    )


def write_project(folder: Path) -> None:
    """Write the files of a new project.

    Args:
        folder: Its folder, which must not exist or be empty; its name becomes the
            project's.

    Raises:
        ValueError: If there are files already, or the name is none for a project.
        OSError: If it can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} exists and is not empty: name another folder")
    name = folder.resolve().name
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"'{name}' is no name for a project: use letters, digits, '_', '-' and '.'"
        )
    words = {"PROJECT": name, "VERSION": __version__, "KEDRO": version("kedro")}
    with atomic_folder(folder) as part:
        shutil.copytree(
            _configuration(), part / "conf", ignore=shutil.ignore_patterns("local")
        )
        for file in _FILES:
            text = (_STARTER / file).read_text("utf-8")
            for word, value in words.items():
                text = text.replace(word, value)
            (part / file.replace("gitignore", ".gitignore")).write_text(text, "utf-8")
        for empty in ("conf/local", "src", "data"):
            (part / empty).mkdir()
            (part / empty / ".gitkeep").touch()
        (part / ".telemetry").write_text("consent: false\n", "utf-8")


def _configuration() -> Path:
    """The folder of the configuration: in a wheel beside this file, or the checkout's.

    Raises:
        FileNotFoundError: If it is nowhere.
    """
    for folder in (_STARTER / "conf", Path(__file__).parents[3] / "conf"):
        if (folder / "base").is_dir():
            return folder
    raise FileNotFoundError(
        "this installation of mmctr has no configuration: install its wheel again"
    )
