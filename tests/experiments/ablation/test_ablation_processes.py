"""How many trainings go at once, by what there is."""

import pytest
import torch

from mmctr.experiments.ablation import processes
from mmctr.experiments.ablation.processes import choose_processes


@pytest.fixture
def machine(monkeypatch):
    """Sets cores and gigabytes: those left, and those that this process holds."""

    def set_up(cores: int, available: float | None = 64.0, own: float | None = 1.0):
        monkeypatch.setattr(torch, "get_num_threads", lambda: cores)
        for name, size in (("available_memory", available), ("own_memory", own)):
            found = None if size is None else int(size * 1e9)
            monkeypatch.setattr(processes, name, lambda found=found: found)

    return set_up


def test_a_requested_number_is_used(machine):
    machine(cores=2)
    assert choose_processes(7, "cpu") == 7


def test_one_is_this_process_with_its_threads(machine):
    machine(cores=2)
    assert choose_processes(1, "cpu") is None


def test_there_is_one_per_core(machine):
    machine(cores=8)
    assert choose_processes(None, "cpu") == 8


def test_a_single_thread_needs_no_other_process(machine):
    machine(cores=1)
    assert choose_processes(None, "cpu") is None


def test_there_are_no_more_than_memory_allows(machine, caplog):
    caplog.set_level("INFO")
    machine(cores=8, available=6.1, own=1.0)
    assert choose_processes(None, "cpu") == 4
    assert "8 cores, and memory for about 4 trainings at once" in caplog.text


def test_one_at_least_goes_and_with_one_thread_like_the_others(machine):
    machine(cores=8, available=0.5, own=1.0)
    assert choose_processes(None, "cpu") == 1


@pytest.mark.parametrize("unknown", ["available", "own"])
def test_without_knowing_memory_cores_decide(machine, unknown):
    machine(cores=3, **{unknown: None})
    assert choose_processes(None, "cpu") == 3


def test_a_gpu_is_not_shared(machine, monkeypatch):
    machine(cores=8)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_processes(None, "auto") is None
    assert choose_processes(None, "cpu") == 8
    assert choose_processes(2, "auto") == 2
