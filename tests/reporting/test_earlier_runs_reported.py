"""The runs before this one, as the report shows them."""

import pytest
from page_reader import Page
from past_runs import earlier_runs

from mmctr.reporting.history_section import history_section
from mmctr.reporting.pages import render_report


@pytest.fixture
def page() -> Page:
    return Page(render_report("t", "s", [history_section(earlier_runs())]))


def test_each_run_has_what_is_other_and_the_difference(page):
    words = page.section("history").words
    assert (
        "7 2026-02-01 04:05 UTC training.loss=bce+pairwise +0.0123 [-0.0040, +0.0200]"
    ) in words
    assert "this run 0.7000 0.7000 0.7000" in words
    assert "`" not in words


def test_on_other_rows_there_are_its_own_numbers_in_grey(page):
    (row,) = [x for x in page.all("tr") if x.attributes.get("class") == "faint"]
    assert "a.b0=null, a.b1=null, a.b2=null, 3 more 0.6123 0.6123 0.6123" in row.words
    assert "Grey: runs on other rows" in page.section("history").words


def test_a_number_leads_to_the_report_that_is_kept(page):
    links = [x for x in page.all("a") if "#" not in str(x.attributes["href"])]
    assert [(x.words, x.attributes["href"]) for x in links] == [
        ("7", "history/0007.html")
    ]


def test_without_an_earlier_run_it_is_one_line():
    section = history_section(earlier_runs() | {"runs": []})
    assert not section.folded
    assert len(section.blocks) == 1
