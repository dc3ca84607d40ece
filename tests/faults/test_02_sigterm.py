"""Case 2: SIGTERM ends a run in order, with a checkpoint and a code of its own."""

import re
import signal

from fault_runs import Run, leftovers
from project_runs import files_below

TERMINATED = 143
RUN = (
    "run",
    "--env=test",
    "--pipeline=ctr_modeling",
    "--params=ctr_modeling.training.max_epochs=12,ctr_modeling.training.patience=24",
)
CHECKPOINTS = "data/06_models/test/checkpoints"


def is_in_training(lines: list[str]) -> bool:
    return "valid AUC" in "".join(lines)


def stopped_in_training(project, number: int) -> Run:
    with Run(project, *RUN) as run:
        assert run.read(is_in_training), run.said
        run.process.send_signal(number)
        run.end()
    return run


def test_a_training_is_kept_and_goes_on(finished_project):
    project = finished_project
    before = files_below(project / "data")
    run = stopped_in_training(project, signal.SIGTERM)
    assert run.process.returncode == TERMINATED, run.said
    assert "Stopped: by SIGTERM; training is saved up to step" in run.said
    command = " ".join(["kedro", *RUN, "--only-missing-outputs"])
    assert re.search(rf"Resume with: \S*{command}", run.said)
    assert "Traceback" not in run.said
    (newest,) = sorted((project / CHECKPOINTS).glob("*/*.ckpt"))[-1:]
    step = int(newest.stem.removeprefix("step-"))
    assert f"up to step {step}" in run.said
    assert leftovers(project) == []
    after = files_below(project / "data")
    changed = {name for name, content in before.items() if after[name] != content}
    assert changed <= {"08_reporting/test/manifest.json"}

    # Ctrl-C does the same, with its own code.
    again = stopped_in_training(project, signal.SIGINT)
    assert f"resumes at step {step}" in again.said
    assert again.process.returncode == 130, again.said
    assert "Stopped: by Ctrl-C; training is saved up to step" in again.said
    assert leftovers(project) == []


def test_other_nodes_end_in_order_too(finished_project):
    project = finished_project
    before = files_below(project / "data")
    with Run(project, "run", "--env=test", "--pipeline=quantization") as run:
        assert run.read(lambda lines: "mmctr.node: " in "".join(lines)), run.said
        run.process.send_signal(signal.SIGTERM)
        assert run.end() == TERMINATED, run.said
    assert "Stopped: by SIGTERM" in run.said
    command = "kedro run --env=test --pipeline=quantization"
    assert re.search(rf"Resume with: \S*{command}", run.said)
    assert "Traceback" not in run.said
    assert leftovers(project) == []
    after = files_below(project / "data")
    assert after.keys() == before.keys()
