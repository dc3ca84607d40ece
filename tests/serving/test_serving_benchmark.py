"""The benchmark of serving measures every figure; how fast is never asserted."""

import pytest

from benchmarks.report import empty_results
from benchmarks.serving import measure

# It uses a run of the pipelines.
pytestmark = pytest.mark.system


def test_every_figure_is_measured(bundle, shared):
    found = measure(bundle, rounds=1, frame_rows=60)
    assert found["items"] == len(shared.items)
    assert set(found) > set(empty_results()["serving"])
    for name in ("", "catalog_"):
        assert 0 < found[f"{name}p50_ms"] <= found[f"{name}p99_ms"]
    assert found["frame_rows_per_cpu_s"] > 0
