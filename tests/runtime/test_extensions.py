"""Code from elsewhere is found by its name, or a sentence says why not."""

import sys
from pathlib import Path

import pytest

from mmctr.runtime.extensions import ExtensionPoint

POINT = ExtensionPoint(
    "things.name", "mmctr.things", {"list": "builtins:list"}, ("append",)
)
MODULE = """
from pydantic import BaseModel

class Thing(list):
    class Settings(BaseModel, extra="forbid"):
        size: int = 1

class Other:
    pass

NUMBER = 3
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules, one of them a package that names an entry point."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_things.py").write_text(MODULE)
    (tmp_path / "broken_things.py").write_text("1 / 0")
    (tmp_path / "lacking_things.py").write_text("import nowhere_to_be_found")
    packaged = tmp_path / "their_things-1.0.dist-info"
    packaged.mkdir()
    (packaged / "METADATA").write_text("Name: their-things\nVersion: 1.0\n")
    (packaged / "entry_points.txt").write_text(
        "[mmctr.things]\ntheirs = own_things:Thing\n"
    )
    yield tmp_path
    sys.modules.pop("own_things", None)


@pytest.mark.parametrize("name", ["own_things:Thing", "theirs"])
def test_by_module_and_by_entry_point(name):
    assert POINT.load(POINT.check_name(name)).__name__ == "Thing"
    assert POINT.settings(name, {"size": 2}, "things.options").size == 2


def test_the_projects_own_comes_first():
    assert POINT.load("list") is list


def test_checking_a_name_imports_nothing():
    assert POINT.check_name("broken_things:Thing") == "broken_things:Thing"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lst", "use one of list, theirs, or package.module:Name"),
        ("own_things.Thing", "use one of list"),
        ("nowhere:Thing", "no module nowhere here; install .* src/ .* PYTHONPATH"),
        ("lacking_things:Thing", "no module nowhere_to_be_found here"),
        ("broken_things:Thing", "importing broken_things fails: ZeroDivisionError"),
        ("own_things:Thin", "module own_things has no Thin .did you mean 'Thing'"),
        ("own_things:Other", "things.name=own_things:Other lacks append"),
        ("own_things:NUMBER", "lacks append"),
    ],
)
def test_what_can_not_be_loaded(name, message):
    with pytest.raises(ValueError, match=message):
        POINT.load(name)


def test_settings_are_checked_by_the_class():
    with pytest.raises(ValueError, match="things.options of theirs: sise: Extra"):
        POINT.settings("theirs", {"sise": 2}, "things.options")
