"""A tiny log stands for the long one."""

import pytest

from benchmarks import long_log
from benchmarks.report import empty_results

# It trains.
pytestmark = pytest.mark.system


def here(what: str, arguments: dict[str, object]) -> dict[str, float]:
    """Measure in this process."""
    return getattr(long_log, what.removeprefix("long_log_"))(**arguments)


def test_both_sides_train_on_the_same_log(monkeypatch):
    monkeypatch.setattr(long_log, "PIECE", 20_000)
    monkeypatch.setattr(long_log, "WARM_UP", 2)
    found = long_log.run(1, here, rows=50_000, items=500, steps=5)
    assert found.keys() == empty_results()["long_log"].keys()
    assert found["rate"] > 0
    for side in ("mapped", "in_memory"):
        assert found[side]["steps_per_s"] > 0
        assert 0 < found[side]["anonymous_gb"] < found[side]["resident_gb"]
    assert found["mapped"]["weights"] == found["in_memory"]["weights"]


def test_ids_are_those_of_items_seen_often(tmp_path, monkeypatch):
    monkeypatch.setattr(long_log, "WARM_UP", 2)
    long_log.write(folder=str(tmp_path), rows=20_000, items=5000)
    sizes = [
        long_log.train(
            folder=str(tmp_path), steps=3, mapped_over_gb=9, item_id_min_rows=least
        )["weights"]
        for least in (1, 40)
    ]
    assert sizes[1] < sizes[0] - 16 * 2000
