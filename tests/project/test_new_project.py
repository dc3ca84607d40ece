"""A project to start with is the configuration, and little else."""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from paths import REPOSITORY
from project_runs import files_below

from mmctr import __version__
from mmctr.project.new_project import new


def make(folder: Path) -> Result:
    """``mmctr new FOLDER``."""
    return CliRunner().invoke(new, [str(folder)], prog_name="mmctr new")


def test_it_has_the_configuration_and_a_place_for_own_code(tmp_path):
    folder = tmp_path / "our_project"
    folder.mkdir()
    result = make(folder)
    assert result.exit_code == 0, result.output
    assert "make run" in result.output
    found = files_below(folder)
    conf = files_below(REPOSITORY / "conf")
    kept = {x: content for x, content in conf.items() if not x.startswith("local/")}
    assert {
        name.removeprefix("conf/"): content
        for name, content in found.items()
        if name.startswith("conf/") and "local" not in name
    } == kept
    others = {name for name in found if not name.startswith("conf/")}
    assert others == {
        *("Makefile", "README.md", "pyproject.toml", ".gitignore", ".telemetry"),
        *("src/.gitkeep", "data/.gitkeep"),
    }
    kedro = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["kedro"]
    assert (kedro["package_name"], kedro["project_name"]) == ("mmctr", "our_project")
    assert (
        f"# our_project\n\nA project of `mmctr` {__version__}"
        in (folder / "README.md").read_text()
    )


@pytest.mark.parametrize("name", ["there", "file", "b\u00e4d", ".hidden"])
def test_what_is_there_stays(tmp_path, name):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "notes").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = files_below(tmp_path)
    result = make(tmp_path / name)
    assert result.exit_code == 1
    assert "Error: " in result.output
    assert files_below(tmp_path) == before
