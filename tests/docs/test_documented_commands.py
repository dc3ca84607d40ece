"""What the pages tell people to type exists."""

import re

import pytest
import yaml
from documented_commands import Command, documented_commands, make_targets
from parameter_tables import NAME, parameter_rows
from paths import CONF, REPOSITORY

from mmctr.pipeline_registry import register_pipelines
from mmctr.project.bundle_commands import COMMANDS
from mmctr.project.cli import cli

PLACEHOLDERS = {"NAME", "..."}
OF_KEDRO = {"catalog", "registry", "jupyter", "viz", "package", "ipython"}


@pytest.fixture(scope="module")
def commands() -> list[Command]:
    found = documented_commands()
    assert len(found) > 100
    return found


def test_targets_of_make_exist(commands):
    of_a_new_project = REPOSITORY / "src/mmctr/project/starter/Makefile"
    targets = make_targets(REPOSITORY / "Makefile") | make_targets(of_a_new_project)
    named = {
        (command.page, word)
        for command in commands
        if command.program == "make"
        for word in command.words
        if "=" not in word
    }
    assert {x for x in named if x[1] not in targets} == set()


def test_tests_that_are_named_exist(commands):
    named = {
        word.removeprefix("T=")
        for command in commands
        for word in command.words
        if word.removeprefix("T=").startswith("tests/")
    }
    assert named
    assert {name for name in named if not (REPOSITORY / name).exists()} == set()


def test_subcommands_exist(commands):
    own = set(cli.commands) | set(COMMANDS)
    known = {"mmctr": own, "kedro": own | OF_KEDRO}
    wrong = [
        command
        for command in commands
        if command.program in known and command.words[0] not in known[command.program]
    ]
    assert wrong == []


def test_environments_pipelines_and_files_of_settings_exist(commands):
    environments = {path.name for path in CONF.iterdir() if path.is_dir()}
    pipelines = set(register_pipelines())
    wrong = []
    for command in commands:
        named = [
            (command.option("--env"), environments),
            (
                ",".join(command.option("--pipeline", "--pipelines")).split(","),
                pipelines,
            ),
        ]
        for values, known in named:
            wrong += [
                (command.page, value)
                for value in values
                if value and value not in known | PLACEHOLDERS
            ]
        for file in command.option("--config"):
            if file.startswith("conf/") and not re.search("NAME|own", file):
                assert (REPOSITORY / file).is_file(), command
    assert wrong == []


def test_parameters_exist(commands):
    """Every key of ``--params`` is a parameter, or the beginning of some."""
    known = [row.name for row in parameter_rows(CONF)]
    known += yaml.safe_load((CONF / "base" / "globals.yml").read_text())
    patterns = re.compile(
        "|".join(re.escape(name).replace(NAME, r"[^.]+") for name in known)
    )
    wrong = [
        (command.page, name)
        for command in commands
        for name in command.parameters()
        if name not in {"NAME", "KEY"} and not patterns.fullmatch(name)
    ]
    assert wrong == []


def test_modules_and_files_that_python_runs_exist(commands):
    missing = []
    for command in commands:
        if command.program != "python":
            continue
        first, *others = command.words
        if first == "-m" and others[0].startswith("benchmarks"):
            path = REPOSITORY / others[0].replace(".", "/")
            is_there = path.is_dir() or path.with_suffix(".py").is_file()
        else:
            is_there = first in {"-m", "-c"} or (REPOSITORY / first).is_file()
        if not is_there:
            missing.append(command)
    assert missing == []
