"""Trainings on one node and on two are the same ones, and a log is scored by both."""

import pytest

from benchmarks import two_nodes
from benchmarks.report import empty_results


def test_no_time_is_taken_of_other_trainings():
    def measure(what, arguments):
        return {"seconds": 1.0, "scores": float(arguments["nodes"])}

    with pytest.raises(ValueError, match="other trainings"):
        two_nodes.run(1, measure)


@pytest.mark.system
def test_both_are_measured(monkeypatch):
    small = {"items": 300, "users": 250, "events": 4000}
    monkeypatch.setattr(two_nodes, "BUNDLE", small)
    found = two_nodes.run(1, runs=2, rows=2000, scored_rows=4 * 131_072)
    assert found.keys() == empty_results()["two_nodes"].keys()
    assert found["trainings_ratio"] > 0
    assert found["predict"]["2_nodes"]["rows_per_s"] > 0
