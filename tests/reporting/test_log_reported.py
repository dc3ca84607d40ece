"""What a log lost, and what its columns are for, in the report and the summary."""

import pytest
from found_artifacts import found
from page_reader import Page

from mmctr.pipelines.reporting.nodes import write_report
from mmctr.reporting.closing_page import SUMMARY_INPUTS, summarize


@pytest.mark.usefixtures("undrawn")
def test_the_report_has_days_losses_and_columns():
    words = Page(write_report(**found())).section("data").words
    assert "from 2020-01-31 to 2021-02-28" in words
    assert "events 1,234 56" in words
    assert "unknown item: 40; short history: 16" in words
    assert "part events dropped short history train 1,000 16 test 194 0" in words
    assert "{" not in words
    assert "page row" in words
    assert "not named" in words
    assert "column 'timestamp': unix seconds" in words


def test_the_summary_has_a_line_of_what_is_in_no_row():
    made = {name: value for name, value in found().items() if name in SUMMARY_INPUTS}
    text = summarize(made, dataset="toys", results={}, commands=[])
    assert (
        "log of clicks, 2020-01-31 to 2021-02-28; in no row: 4.5 % of events, "
        "0.0 % of users"
    ) in text
