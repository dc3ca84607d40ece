"""The benchmark of serving measures every figure; how fast is never asserted."""

import pytest

from benchmarks.serving import measure

# It uses a run of the pipelines.
pytestmark = pytest.mark.system


def test_every_figure_is_measured(bundle, shared):
    found = measure(bundle, rounds=1, frame_rows=60)
    assert found["items"] == len(shared.items)
    assert set(found) == {
        "history",
        "items",
        f"{len(shared.items)} candidates",
        "whole catalogue",
        "score_frame",
    }
    for name in (f"{len(shared.items)} candidates", "whole catalogue"):
        assert 0 < found[name]["p50_ms"] <= found[name]["p99_ms"]
    assert found["score_frame"]["rows_per_cpu_s"] > 0
