"""An interrupted and resumed training gives the same result, to the last bit."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from killed_trainings import KillAt, Killed, Steps, require_equal, train
from worlds import click_log, ctr_params, random_table, with_vectors

from mmctr.runtime.signals import Stopped

# 12 batches per pass, 6 between validations, a checkpoint every 4 steps; the learning
# rate falls, and patience runs out before the last epoch.
TRAINING = {
    "batch_size": 32,
    "learning_rate": 0.2,
    "max_epochs": 8,
    "validations_per_epoch": 2,
    "patience": 2,
    "lr_factor": 0.5,
}
DROPOUTS = {"attention_dropout": 0.1, "dnn_dropout": 0.1, "item_id_dropout": 0.2}
CONTENT = {"content": "codes+continuous+similarity", "item_id": True}


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(26)
    table = with_vectors(rng, random_table(rng))
    return table, click_log(rng, 384), click_log(rng, 120)


def params_of(every_steps: int = 4, **training: Any):
    params = ctr_params(
        features=CONTENT,
        model=DROPOUTS,
        training={**TRAINING, **training},
    )
    kept = params.checkpoint.model_copy(update={"every_steps": every_steps})
    return params.model_copy(update={"checkpoint": kept})


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*"))


@pytest.fixture(scope="module")
def undisturbed(world):
    return train(world, params_of(), None)


def train_killed(world, params, folder: Path, *callbacks: pl.Callback) -> bool:
    """Whether it was killed before its end."""
    try:
        train(world, params, folder, *callbacks)
    except Killed:
        return True
    return False


def test_the_uninterrupted_training_has_all_that_a_resume_must_restore(undisturbed):
    course = undisturbed.history["validations"]
    assert [x["learning_rate"] for x in course[:3]] == [0.2, 0.2, 0.1]
    assert 4 < len(course) < 16
    assert undisturbed.history["best_step"] == undisturbed.history["steps"] - 12


def test_checkpoints_change_no_result_and_a_finished_one_is_not_repeated(
    world, undisturbed, tmp_path
):
    require_equal(train(world, params_of(), tmp_path), undisturbed)
    steps = Steps()
    require_equal(train(world, params_of(), tmp_path, steps), undisturbed)
    assert steps.count == 0


# One batch after another: before and at a checkpoint, in and after a validation, while
# patience runs and the learning rate falls.
@example(kills=[(1, False), (3, False), (1, False), (1, True), (1, False), (5, False)])
@given(
    kills=st.lists(st.tuples(st.integers(1, 17), st.booleans()), min_size=1, max_size=8)
)
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_training_killed_several_times_gives_the_same_result(
    world, undisturbed, tmp_path_factory, kills
):
    folder = tmp_path_factory.mktemp("checkpoints")
    step = 0
    for more, in_validation in kills:
        step += more
        if in_validation:
            step = -(-step // 6) * 6
        kill = KillAt(step, in_validation=in_validation)
        train_killed(world, params_of(), folder, kill)
    require_equal(train(world, params_of(), folder), undisturbed)


@pytest.mark.parametrize("step", [6, 21, 24, 25])
def test_only_the_steps_since_the_last_checkpoint_are_repeated(
    world, undisturbed, tmp_path, step
):
    assert train_killed(world, params_of(), tmp_path, KillAt(step))
    kept = [path.name for path in files(tmp_path)]
    before = {6: [4], 21: [18, 20], 24: [18, 20], 25: [20, 24]}[step]
    assert kept == [f"step-{number:09d}.ckpt" for number in before]
    steps = Steps()
    require_equal(train(world, params_of(), tmp_path, steps), undisturbed)
    assert steps.count == undisturbed.history["steps"] - before[-1]


def test_one_batch_between_validations(world, tmp_path):
    params = params_of(validations_per_epoch=12, max_epochs=1, patience=12)
    whole = train(world, params, None)
    assert train_killed(world, params, tmp_path, KillAt(4))
    steps = Steps()
    require_equal(train(world, params, tmp_path, steps), whole)
    assert steps.count == whole.history["steps"] - 3


def test_other_trainings_do_not_resume_from_it(world, tmp_path, caplog, monkeypatch):
    assert train_killed(world, params_of(), tmp_path, KillAt(9))
    caplog.set_level("INFO")
    for params in (params_of(learning_rate=0.04), params_of(patience=1)):
        steps = Steps()
        train_killed(world, params, tmp_path, steps, KillAt(3))
        assert steps.count == 3
    assert "starting from scratch" in caplog.text
    table, log, valid = world
    other = type(log)(**{**vars(log), "target": log.target[::-1].copy()})
    steps = Steps()
    train_killed((table, other, valid), params_of(), tmp_path, steps, KillAt(3))
    assert steps.count == 3
    monkeypatch.setattr("mmctr.ctr.training.key.RESULT_VERSION", -1)
    steps = Steps()
    train_killed(world, params_of(), tmp_path, steps, KillAt(3))
    assert steps.count == 3
    monkeypatch.undo()
    # A parameter that changes no result does not change the folder's name.
    steps = Steps()
    train_killed(world, params_of(every_steps=3), tmp_path, steps, KillAt(9))
    assert steps.count == 1


def test_a_checkpoint_of_another_commit_is_used_with_a_warning(
    world, undisturbed, tmp_path, caplog, monkeypatch
):
    """A step's, and that of a training whose result was not saved."""
    commit = "mmctr.ctr.training.{}.code_commit".format
    for module in ("checkpointing", "trained_model"):
        monkeypatch.setattr(commit(module), lambda: "before")
    assert train_killed(world, params_of(), tmp_path, KillAt(9))
    monkeypatch.setattr(commit("checkpointing"), lambda: "after")
    steps = Steps()
    train(world, params_of(), tmp_path, steps)
    assert steps.count == undisturbed.history["steps"] - 8
    step = f"this run and {files(tmp_path)[-1].parent}/step-000000008.ckpt"
    assert f"{step}: made by different commits (after, before)" in caplog.text
    caplog.clear()
    train(world, params_of(), tmp_path)
    assert "finished.ckpt: made by different commits" in caplog.text


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip(content: bytes) -> bytes:
    place = len(content) * 2 // 3
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [cut, flip, lambda content: b""])
def test_a_damaged_checkpoint_is_logged_and_the_one_before_is_used(
    world, undisturbed, tmp_path, caplog, damage
):
    assert train_killed(world, params_of(), tmp_path, KillAt(23))
    before, latest = files(tmp_path)
    latest.write_bytes(damage(latest.read_bytes()))
    caplog.set_level("INFO")
    require_equal(train(world, params_of(), tmp_path), undisturbed)
    assert f"checkpoint {latest} is damaged" in caplog.text
    assert "trying the one before" in caplog.text
    assert f"resumes at step 18, from {before}" in caplog.text


def test_without_an_intact_checkpoint_training_starts_from_scratch(
    world, undisturbed, tmp_path, caplog
):
    assert train_killed(world, params_of(), tmp_path, KillAt(23))
    for path in files(tmp_path):
        path.write_bytes(flip(path.read_bytes()))
    steps = Steps()
    require_equal(train(world, params_of(), tmp_path, steps), undisturbed)
    assert "starting from scratch" in caplog.text
    assert steps.count == undisturbed.history["steps"]


class SignalAt(pl.Callback):
    """Sends a signal in the middle of a step."""

    def __init__(self, number: int, step: int) -> None:
        self.number = number
        self.step = step

    def on_train_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
        if trainer.global_step == self.step - 1:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", [15, 18])
def test_a_signal_is_answered_with_a_checkpoint(
    world, undisturbed, tmp_path, number, step
):
    handlers = {x: signal.getsignal(x) for x in (signal.SIGTERM, signal.SIGINT)}
    with pytest.raises(Stopped) as stopped:
        train(world, params_of(), tmp_path, SignalAt(number, step))
    assert stopped.value.code == 128 + number
    assert f"up to step {step}" in str(stopped.value)
    assert files(tmp_path)[-1].name == f"step-{step:09d}.ckpt"
    assert {x: signal.getsignal(x) for x in handlers} == handlers
    steps = Steps()
    require_equal(train(world, params_of(), tmp_path, steps), undisturbed)
    assert steps.count == undisturbed.history["steps"] - step


def test_an_edited_model_of_ones_own_is_another_training(world, tmp_path, monkeypatch):
    """A finished training of the earlier code is not its result."""
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "edited_model.py"
    module.write_text("from mmctr.ctr.models.mean_pool import MeanPoolModel as Own\n")
    params = params_of(max_epochs=1)
    model = params.model.model_copy(update={"name": "edited_model:Own"})
    params = params.model_copy(update={"model": model})
    for edit, count in (("", 1), ("", 1), ("# edited\n", 2)):
        module.write_text(module.read_text() + edit)
        train(world, params, tmp_path / "checkpoints")
        assert len(list((tmp_path / "checkpoints").iterdir())) == count
