"""What the report folds, greys and writes as a date."""

import copy
from typing import Any

import pytest
from found_artifacts import found
from page_reader import Page
from prepared_log import log_report

from mmctr.pipelines.reporting.nodes import write_report
from mmctr.reporting import sentences
from mmctr.reporting.blocks import Section
from mmctr.reporting.facts import Record
from mmctr.reporting.history_section import history_section
from mmctr.reporting.log_blocks import log_blocks
from mmctr.reporting.pages import render_report
from mmctr.reporting.run_sections import ablation_section, manifest_section
from mmctr.reporting.slice_sections import slice_tables

FOLDED = ["Codes", "Training curves", "Earlier runs", "Ablation", "Cost and time"]
FOLDED += ["Parameters", "Manifest"]


def a_slice(name: str, rows: int, auc: float) -> dict[str, Any]:
    ends = [auc - 0.02, auc + 0.02]
    return {"name": name, "rows": rows, "auc": auc, "auc_interval": ends}


@pytest.mark.usefixtures("undrawn")
def test_how_it_was_made_is_folded_and_how_good_it_is_is_not():
    page = Page(write_report(**found()))
    summaries = [x.words for x in page.all("summary") if x.words in FOLDED]
    assert summaries == FOLDED
    headings = [x.words for x in page.all("h2")]
    assert headings[-len(FOLDED) :] == FOLDED


def test_what_did_not_run_is_a_line():
    for section in (
        history_section({"runs": []}),
        ablation_section(None, Record.of(None)),
        manifest_section(Record()),
    ):
        assert len(section.blocks) == 1
        assert not section.folded


def test_a_small_slice_is_neither_best_nor_worst():
    known = [a_slice("1", 200, 0.6), a_slice("2 to 3", 900, 0.7)]
    small = [a_slice("4 to 7", 199, 0.1), a_slice("8 to 15", 199, 0.99)]
    said = sentences.slices([*small, *known], "items", "test")
    assert said == sentences.slices(known, "items", "test")
    assert "best at 2 to 3" in said and "worst at 1 " in said
    assert "No slice by items has 200 rows" in sentences.slices(small, "items", "test")


def test_small_slices_are_grey():
    details = copy.deepcopy(found()["evaluation_details"]["test"])
    for each in details["slices"]:
        each["rows"] = 200
    details["slices"][-1]["rows"] = 199
    *others, last = slice_tables(details)
    assert not any(table.faint for table in others)
    assert list(last.faint) == [len(last.rows) - 1]
    page = Page(render_report("t", "s", [Section("slices", "Slices", [last])]))
    (grey,) = [x for x in page.all("tr") if x.attributes.get("class") == "faint"]
    assert grey.words.startswith(details["slices"][-1]["name"])


def test_the_parts_of_a_log_begin_at_a_date():
    log = {**log_report(), "valid_from": 1661914135, "test_from": 7, "weights": None}
    section = Section("data", "Data", log_blocks(log, {}))
    words = Page(render_report("t", "s", [section])).section("data").words
    assert "valid from 2022-08-31 02:48 UTC" in words
    assert "weights" not in words
    # An order is no clock.
    section = Section("data", "Data", log_blocks({**log, "clock": False}, {}))
    words = Page(render_report("t", "s", [section])).section("data").words
    assert "test from 7 " in words
