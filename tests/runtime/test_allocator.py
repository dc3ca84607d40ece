"""Freed memory stays with a training process, unless it is told otherwise.

The setting is for the whole process, so what is measured runs in one of its own.
"""

import ctypes
import os
import subprocess
import sys

import pytest
from paths import REPOSITORY

from mmctr.runtime import allocator
from mmctr.runtime.allocator import keep_freed_memory

ROUNDS = 40
MEASURE = f"""
import resource, sys
import numpy as np
from mmctr.runtime.allocator import keep_freed_memory

if sys.argv[1] == "True" and not keep_freed_memory():
    raise SystemExit("refused")
np.ones(2**23)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ROUNDS}):
    np.ones(2**23)
sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before))
"""

TRAIN = """
import sys
import numpy as np
from safetensors.torch import save_file
from worlds import click_log, ctr_params, random_table

from mmctr.runtime import allocator
from mmctr.runtime import device
from mmctr.ctr import prediction
from mmctr.ctr.training import fit as training

calls = []
def spy():
    calls.append(allocator.keep_freed_memory())
    return calls[-1]
device.keep_freed_memory = spy

rng = np.random.default_rng(0)
table, train, valid = random_table(rng), click_log(rng, 300), click_log(rng, 100)
settings = {"max_epochs": 1, "batch_size": 64, "keep_memory": sys.argv[1] == "True"}
params = ctr_params(
    training=settings, model={"dnn_dropout": 0.1, "item_id_dropout": 0.1}
)
trained = training.train_ctr_model(table, train, valid, np.arange(100) // 4, params)
in_training = len(calls)
scores = prediction.predict_clicks(table, trained.weights, valid, params)
save_file(trained.weights, sys.argv[2] + "/weights")
np.save(sys.argv[2] + "/scores", scores)
sys.stdout.write(f"{in_training} {len(calls) - in_training}")
"""

on_glibc = pytest.mark.skipif(
    sys.platform != "linux" or "CS_GNU_LIBC_VERSION" not in os.confstr_names,
    reason="needs glibc",
)


def python(code: str, *arguments: str) -> str:
    """Run code in a process of its own, with the allocator as it is by default."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    helpers = REPOSITORY / "tests" / "helpers"
    path = os.pathsep.join([str(REPOSITORY / "src"), str(helpers)])
    # Huge pages would hide how many small ones are mapped.
    environment = {**kept, "PYTHONPATH": path, "NUMPY_MADVISE_HUGEPAGE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@on_glibc
def test_blocks_of_64_mib_are_used_again():
    faults, kept = (int(python(MEASURE, tuned)) for tuned in ("False", "True"))
    assert faults >= 20 * ROUNDS  # a page fault for each huge page at the very least
    assert kept < faults / 10


@pytest.mark.system  # two processes that train
def test_training_gives_the_same_bytes_with_and_without(tmp_path):
    calls = {}
    for keep in ("True", "False"):
        folder = tmp_path / keep
        folder.mkdir()
        calls[keep] = python(TRAIN, keep, str(folder))
    assert calls == {"True": "1 1", "False": "0 0"}
    for name in ("weights", "scores.npy"):
        with_it, without = (tmp_path / keep / name for keep in calls)
        assert with_it.read_bytes() == without.read_bytes()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_nothing_happens(platform, monkeypatch):
    monkeypatch.setattr(allocator.sys, "platform", platform)
    assert keep_freed_memory() is False


def refuse(name: str) -> str:
    raise ValueError("unrecognized configuration name")


@pytest.mark.parametrize("answer", [refuse, lambda name: None, lambda name: "other"])
def test_with_another_c_library_nothing_happens(answer, monkeypatch):
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    monkeypatch.setattr(allocator.os, "confstr", answer, raising=False)
    assert keep_freed_memory() is False


def test_a_library_without_mallopt_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    monkeypatch.setattr(
        allocator.os, "confstr", lambda name: "glibc 2.39", raising=False
    )
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False


@pytest.mark.parametrize("refused", [set(), {-3}, {-1}, {-3, -4}])
def test_what_is_refused_is_replaced_or_said(refused, monkeypatch):
    taken = {}

    def mallopt(name: int, value: int) -> int:
        if name in refused:
            return 0
        taken[name] = value
        return 1

    monkeypatch.setattr(allocator, "_glibc_mallopt", lambda: mallopt)
    assert keep_freed_memory() is ({-1} <= taken.keys() and len(taken) == 2)
    if refused == {-3}:
        assert taken == {-4: 0, -1: -1}
