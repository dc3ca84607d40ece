"""The ablation from the command line: whole, stopped, and on a planted world."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from project_runs import (
    copy_project,
    files_below,
    kedro_run,
    must_run,
    write_config,
)

ARM_KEYS = [
    "name",
    "kind",
    "seeds",
    "auc_mean",
    "auc_sd",
    "gauc_mean",
    "gauc_sd",
    "logloss_mean",
    "clean_cold_mean",
    "delta_gauc",
    "delta_low",
    "delta_high",
    "p_holm",
    "seconds",
    "steps_to_99",
]


COMMAND = ("--env", "test", "--pipeline", "ablation")
SMALL = ("ablation.budget.max_epochs=1",)


def run_ablation(project: Path, *params: str) -> str:
    return must_run(project, *COMMAND, "--params", ",".join(SMALL + params)).output


def results(project: Path) -> dict[str, bytes]:
    """Files of trainings and codes by name."""
    found: dict[str, bytes] = {}
    for folder in ("06_models/test/ablation", "07_model_output/test/ablation"):
        if (project / "data" / folder).exists():
            found |= files_below(project / "data" / folder)
    return {name: x for name, x in found.items() if name.endswith(".parquet")}


def chosen(project: Path) -> dict[str, str]:
    file = project / "data/07_model_output/test/ablation/choice.json"
    return json.loads(file.read_text())["chosen"]


def report(project: Path, name: str = "ablation.json") -> Any:
    return json.loads((project / "data/08_reporting/test" / name).read_text())


@pytest.fixture(scope="module")
def ablated(tmp_path_factory, road) -> Path:
    """A project in which the ablation of the test environment has run."""
    project = copy_project(tmp_path_factory.mktemp("ablated"))
    shutil.copytree(road[0] / "data", project / "data")
    run_ablation(project)
    return project


def test_the_summary_has_the_interface_that_others_read(ablated):
    found = report(ablated)
    assert list(found) == ["control", "arms"]
    assert found["control"] == "none"
    arms = {arm["name"]: arm for arm in found["arms"]}
    assert list(arms) == ["none", "continuous", "rq_kmeans_positional"]
    assert [arm["kind"] for arm in arms.values()] == ["none", "continuous", "codes"]
    for arm in arms.values():
        assert list(arm) == ARM_KEYS
        assert len(arm["seeds"]) == 2
        numbers = {key: arm[key] for key in ARM_KEYS[3:] if key != "clean_cold_mean"}
        assert all(isinstance(number, float) for number in numbers.values()), numbers
        assert arm["delta_low"] <= arm["delta_gauc"] <= arm["delta_high"]
        gain = arm["gauc_mean"] - arms["none"]["gauc_mean"]
        assert arm["delta_gauc"] == pytest.approx(gain)
        assert arm["seconds"] > 0
        assert arm["steps_to_99"] > 0


def test_page_table_and_figures_are_there(ablated):
    folder = ablated / "data/08_reporting/test"
    page = (folder / "ablation.md").read_text()
    # The listed pair of conf has arms that don't take part here.
    assert "## Pairs of arms" not in page
    for text in ("Minus `none`", "Minus `continuous`", "Detectable", "less is better"):
        assert text in page
    table = pd.read_csv(folder / "ablation.csv")
    assert table["name"].tolist() == ["none", "continuous", "rq_kmeans_positional"]
    assert {
        "gauc_minus_none_low",
        "gauc_minus_continuous_p_holm",
        "warm_auc_minus_none_delta",
        "logloss_minus_none_high",
        "bits_per_item",
        "seconds_to_99",
    } <= set(table.columns)
    for name in ("increments", "learning", "rate_distortion"):
        content = (folder / f"ablation_{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) > 5_000


def test_arms_share_seeds_and_steps(ablated):
    arms = report(ablated, "ablation_details.json")["arms"]
    curves = [[(x["seed"], x["step"]) for x in arm["curves"]] for arm in arms]
    assert curves[0] == curves[1] == curves[2]


@pytest.fixture
def copied(project, ablated) -> Path:
    """The same once more, to be changed."""
    shutil.copytree(ablated / "data", project / "data")
    return project


def test_another_arm_trains_that_arm_alone_and_shares_codes(copied):
    before = results(copied)
    names = "none+continuous+rq_kmeans_positional+rq_kmeans_bag"
    output = run_ablation(copied, f"ablation.only={names}")
    after = results(copied)
    assert before.items() <= after.items()
    new = set(after) - set(before)
    assert {name.split("/")[-3] for name in new} == {"rq_kmeans_bag"}
    candidate = chosen(copied)["rq_kmeans_bag"]
    assert len([name for name in new if name.split("/")[-2] == candidate]) == 2
    assert "Minus `none`" in output
    assert len(report(copied)["arms"]) == 4


def test_a_mean_of_arms_is_reported_and_trains_nothing(copied):
    before = results(copied)
    mean = {"kind": "mean", "of": ["continuous", "rq_kmeans_positional"]}
    names = "none+continuous+rq_kmeans_positional+both"
    ablation = {"arms": {"both": mean}, "only": names, "budget": {"max_epochs": 1}}
    ablation["comparisons"] = [["both", "continuous"]]
    file = write_config(copied / "mean.yml", params={"ablation": ablation})
    must_run(copied, *COMMAND, "--config", file)
    assert results(copied) == before
    arms = {arm["name"]: arm for arm in report(copied)["arms"]}
    assert list(arms) == names.split("+")
    assert arms["both"]["seconds"] is None
    (listed,) = report(copied, "ablation_details.json")["comparisons"]
    gain = arms["both"]["gauc_mean"] - arms["continuous"]["gauc_mean"]
    assert listed["gauc"]["delta"] == pytest.approx(gain)
    page = (copied / "data/08_reporting/test/ablation.md").read_text()
    assert "## Pairs of arms" in page


def test_its_results_under_two_names_are_evidence(copied):
    """Logs that agree in all: nothing is between them, and every sign is the same."""
    folder = copied / "data/08_reporting"
    shutil.copytree(folder / "test", folder / "again")
    logs = ("--pipeline", "evidence", "--params", "evidence.logs=test+again")
    must_run(copied, "--env", "test", *logs)
    found = json.loads((folder / "evidence/evidence.json").read_text())
    arms = {arm["name"]: arm for arm in report(copied)["arms"]}
    ranked = [x for x in found["results"] if x["measure"] == "gauc"]
    assert {(x["arm"], x["other"]) for x in ranked} >= {
        ("continuous", "none"),
        ("rq_kmeans_positional", "continuous"),
        ("model", "item_only"),
    }
    for each in ranked:
        assert each["tau2"] == each["i2"] == 0
        if each["other"] == "none":
            delta = arms[each["arm"]]["delta_gauc"]
            assert each["random"]["delta"] == pytest.approx(delta)


def test_the_control_alone_and_one_seed_are_an_ablation_too(copied):
    before = results(copied)
    run_ablation(copied, "ablation.only=none", "ablation.seeds=1")
    (arm,) = report(copied)["arms"]
    assert (arm["delta_gauc"], arm["p_holm"], arm["gauc_sd"]) == (0.0, 1.0, None)
    assert results(copied) == before


def test_a_misspelt_arm_is_refused_before_any_work(project):
    file = write_config(
        project / "wrong.yml",
        params={
            "ablation": {
                "arms": {
                    "mine": {"kind": "codes", "ctr_modeling": {"model": {"widht": 3}}}
                }
            }
        },
    )
    found = kedro_run(
        project, "--env", "test", "--pipeline", "ablation", "--config", file
    )
    assert found.exit_code == 1
    assert "ablation.arms.mine" in found.output
    assert "'ctr_modeling.model.widht' is not a parameter" in found.output


@pytest.mark.system
def test_a_killed_run_goes_on_with_what_it_lacks(project, road, caplog):
    """Killed by a signal that cannot be caught, between one result and the next."""
    shutil.copytree(road[0] / "data", project / "data")
    command = [sys.executable, "-m", "kedro", "run", *COMMAND]
    command += ["--params", ",".join(SMALL)]
    running = subprocess.Popen(
        command,
        cwd=project,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while len(results(project)) < 4 and running.poll() is None:
            time.sleep(0.02)
        assert running.poll() is None, "the run ended before it could be killed"
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    before = results(project)
    assert not (project / "data/08_reporting/test/ablation.json").exists()
    caplog.set_level("INFO")
    run_ablation(project)
    after = results(project)
    # What was there is as it was; what was missing was made once.
    assert before.items() <= after.items()
    assert made(caplog.text) == len(after) - len(before)
    caplog.clear()
    run_ablation(project)
    assert made(caplog.text) == 0
    assert results(project) == after
    assert [arm["kind"] for arm in report(project)["arms"]] == [
        "none",
        "continuous",
        "codes",
    ]


def made(log: str) -> int:
    """How many results a run says it has made."""
    return len(re.findall(r"(codes|trials|runs): \S+, \d+ of \d+;", log))
