"""``--params`` and ``--config``: what is merged, and what a comma means."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mmctr.project.cli import artifacts, compare, doctor, run
from mmctr.project.given_params import parse_params


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["raw_dir='/a,,b'"], {"raw_dir": "/a,,b"}),
        ([], {}),
        (["seed=1, device=cpu,"], {"seed": 1, "device": "cpu"}),
        (["a.b=1", "a.c=2,a.b=3"], {"a": {"b": 3, "c": 2}}),
        (["dataset=007"], {"dataset": "007"}),
        (["dataset=1e3"], {"dataset": "1e3"}),
        (["dataset=null"], {"dataset": "null"}),
        (["dataset=2024-01-31"], {"dataset": "2024-01-31"}),
        (["raw_dir=/logs/a,b/c,seed=1"], {"raw_dir": "/logs/a,b/c", "seed": 1}),
        (["raw_dir='/a,b=c',seed=1"], {"raw_dir": "/a,b=c", "seed": 1}),
        (["raw_dir=it's"], {"raw_dir": "it's"}),
        (
            ["preparation.reading.time_format=%d.%m.%Y %H:%M,seed=1"],
            {"preparation": {"reading": {"time_format": "%d.%m.%Y %H:%M"}}, "seed": 1},
        ),
        (["units=[64,32],x=null"], {"units": [64, 32], "x": None}),
    ],
)
def test_parameters_are_separated_by_commas_before_a_key(texts, values):
    assert parse_params(texts) == values


@pytest.mark.parametrize("text", ["seed", "=1", "/a,b=1", "raw_dir='/a"])
def test_what_is_no_parameter_is_refused(text):
    with pytest.raises(click.UsageError, match="--params: "):
        parse_params([text])


def options_of(*arguments: str) -> dict[str, Any]:
    """What ``kedro run`` would be called with."""
    context = run.make_context("kedro run", list(arguments))
    return context.params


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return f"--config={path}"


def test_parameters_of_file_and_command_line_are_merged(tmp_path):
    config = write(
        tmp_path / "run.yml",
        "run:\n  env: test\n  params:\n    seed: 1\n    dataset: toys\n"
        "    ctr_modeling: {training: {patience: 2, batch_size: 64}}\n",
    )
    training = "ctr_modeling.training"
    # The file may be named last: what is typed counts more.
    options = options_of(
        f"--params=seed=2,{training}.patience=3",
        f"--params={training}.patience=4",
        config,
    )
    assert options["env"] == "test"
    assert options["params"] == {
        "seed": 2,
        "dataset": "toys",
        "ctr_modeling": {"training": {"patience": 4, "batch_size": 64}},
    }
    assert options_of(config, "--env=microlens")["env"] == "microlens"
    assert options_of(config)["params"]["seed"] == 1


def test_parameters_of_a_file_may_be_text(tmp_path):
    config = write(tmp_path / "run.yml", "run: {params: 'seed=1,device=cpu'}\n")
    assert options_of(config)["params"] == {"seed": 1, "device": "cpu"}


@pytest.mark.parametrize("command", [doctor, artifacts, compare])
def test_other_commands_take_a_file_of_a_run(tmp_path, command):
    config = write(
        tmp_path / "run.yml",
        "run: {env: test, pipeline: sample, params: {seed: 1, dataset: toys}}\n",
    )
    context = command.make_context("x", [config, "--params=seed=2"])
    assert context.params["env"] == "test"
    assert context.params["params"] == {"seed": 2, "dataset": "toys"}
    assert "pipeline" not in context.params


def test_parameters_of_a_file_must_be_named(tmp_path):
    config = write(tmp_path / "run.yml", "run: {params: [1]}\n")
    result = CliRunner().invoke(run, [config])
    assert result.exit_code == 2
    assert "'params' must hold names and values" in result.output
