"""Every stage is measured at every size, and the exponents are those of the data."""

import pytest

from benchmarks import stages
from benchmarks.child import measure

SIZES = {"rows": (1_000, 2_000, 4_000), "items": (50, 500)}


def test_medians_are_fitted_by_stage_and_axis():
    """Preparation is linear in rows, scoring in items; one round of three is slow."""
    slow = iter((1.0, 7.0, 1.0) * 4)
    seen = []

    def measure(what, arguments):
        rows, items = arguments["rows"], arguments["items"]
        if what == "stages_preparation":
            seen.append((rows, items))
            return {"seconds": next(slow) * rows, "gb": 2.0}
        seconds = items**0.5 if what == "stages_scoring" else 3.0
        return {"seconds": seconds, "gb": rows**2 * items}

    found = stages.run(3, measure, axes=SIZES)
    assert sorted(set(seen)) == [(1_000, 50), (1_000, 500), (2_000, 50), (4_000, 50)]
    assert list(found) == ["preparation", "row_statistics", "scoring"]
    assert found["preparation"] == pytest.approx(
        {
            "rows 1,000 to 4,000, time": 1,
            "rows 1,000 to 4,000, memory": 0,
            "items 50 to 500, time": 0,
            "items 50 to 500, memory": 0,
        },
        abs=1e-9,
    )
    assert found["row_statistics"]["rows 1,000 to 4,000, memory"] == pytest.approx(2)
    assert found["scoring"]["items 50 to 500, time"] == pytest.approx(0.5)
    assert found["scoring"]["items 50 to 500, memory"] == pytest.approx(1)


@pytest.mark.system
def test_a_stage_reads_what_the_one_before_has_written(tmp_path):
    size = {"folder": str(tmp_path), "rows": 2_000, "items": 100}
    for stage in stages.STAGES:
        found = measure(f"stages_{stage}", size)
        assert found["seconds"] > 0
        assert found["gb"] >= 0
