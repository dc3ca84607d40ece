"""The part of serving makes its own bundle and measures every figure."""

import pytest

from benchmarks.report import empty_results
from benchmarks.served_bundle import make_bundle
from benchmarks.serving import run

# It runs the pipelines.
pytestmark = pytest.mark.system


def test_a_bundle_is_made_and_measured():
    found = run(
        1, lambda folder: make_bundle(folder, items=300, users=250, events=4000)
    )
    assert set(found) > set(empty_results()["serving"])
    assert found["items"] == 300
    assert all(found[name] > 0 for name in empty_results()["serving"])
