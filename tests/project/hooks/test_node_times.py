"""What is written down of nodes as they run, on a clock that the test holds."""

import pytest

from mmctr.project.hooks.node_times import PeakMemory, RunTimes, describe_times


class Machine:
    """A clock and a memory that stand still until they are told to move."""

    def __init__(self):
        self.now = 100.0
        self.peak = PeakMemory(own=0.5, child=0.0)

    def passes(self, seconds, own=0.0):
        self.now += seconds
        self.peak = PeakMemory(max(self.peak.own, own), 0.25)


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def times(machine):
    return RunTimes(clock=lambda: machine.now, peak=lambda: machine.peak)


def _run(times, machine, node, pipeline, *, load, work, save, peak=0.0):
    times.begin(node)
    machine.passes(load)
    times.begin(node)
    machine.passes(work, peak)
    times.reach(node, pipeline)
    machine.passes(save)
    times.reach(node, pipeline)


def test_a_node_takes_from_its_first_input_to_its_last_output(times, machine):
    _run(times, machine, "train", "ctr", load=1, work=60, save=4, peak=3.5)
    assert times.report()["nodes"]["train"] == {
        "pipeline": "ctr",
        "seconds": 65.0,
        "peak_gb": 3.5,
        "child_peak_gb": 0.25,
    }


def test_time_between_nodes_belongs_to_none(times, machine):
    _run(times, machine, "a", "one", load=0, work=2, save=0)
    machine.passes(1000)
    _run(times, machine, "b", "one", load=0, work=3, save=0)
    report = times.report()
    assert report["nodes"]["b"]["seconds"] == 3.0
    assert report["last_run"]["seconds"] == 5.0


def test_nodes_of_earlier_runs_keep_their_record_until_they_run_again(times, machine):
    earlier = {
        "nodes": {
            "old": {"pipeline": "p", "seconds": 7.0, "peak_gb": 9.0},
            "again": {"pipeline": "p", "seconds": 8.0, "peak_gb": 9.0},
        }
    }
    _run(times, machine, "again", "p", load=0, work=1, save=0)
    report = times.report(earlier)
    assert report["nodes"]["old"]["seconds"] == 7.0
    assert report["nodes"]["again"]["seconds"] == 1.0
    assert report["last_run"] == {"nodes": ["again"], "seconds": 1.0, "peak_gb": 0.5}
    assert "old" not in describe_times(report)


def test_the_page_adds_up_the_nodes_of_a_pipeline(times, machine):
    _run(times, machine, "a", "one", load=0, work=1000, save=0, peak=1.5)
    _run(times, machine, "b", "one", load=0, work=500, save=0, peak=2.25)
    _run(times, machine, "c", "two", load=0, work=3, save=0)
    lines = [line.split() for line in describe_times(times.report()).splitlines()]
    assert lines == [
        ["time", "and", "memory", "seconds", "peak", "GB"],
        ["one", "1,500.0", "2.25"],
        ["a", "1,000.0", "1.50"],
        ["b", "500.0", "2.25"],
        ["two", "3.0", "2.25"],
        ["c", "3.0", "2.25"],
        ["in", "all", "1,503.0", "2.25"],
    ]


def test_peak_memory_is_in_gigabytes_and_counts_what_was_given_back():
    before = PeakMemory.measure().own
    block = bytearray(int((before + 0.2) * 1e9))
    del block
    after = PeakMemory.measure().own
    assert before < after
    assert 0.01 < before < 100
