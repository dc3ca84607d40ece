"""The report says that repeats give clicks away where they do."""

import copy

import pytest
from found_artifacts import found
from page_reader import Page

from mmctr.pipelines.reporting.nodes import write_report

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.mark.parametrize(
    ("auc", "is_said"),
    [(0.847, True), (0.46, True), (0.51, False), (0.5, False), (None, False)],
)
def test_repeats_are_named_with_their_auc(auc, is_said):
    made = copy.deepcopy(found())
    audit = next(value for key, value in made.items() if "audit" in key)
    audit["valid"]["auc_seen_before"] = auc
    words = Page(write_report(**made)).section("data").words
    assert ("Repeats give clicks away" in words) == is_said
    if is_said:
        assert f"{auc:.4f} on valid" in words
