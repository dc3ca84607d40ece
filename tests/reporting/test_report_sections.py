"""The page: what it says, what it loads, and what untrusted text does to it."""

import copy
import re
from typing import Any

import pandas as pd
import pytest
from found_artifacts import TITLE, found
from page_reader import Page

from mmctr.pipelines.reporting.nodes import write_report
from mmctr.reporting.blocks import Section, Text
from mmctr.reporting.data_sections import codes_section
from mmctr.reporting.facts import Record
from mmctr.reporting.model_sections import (
    metrics_section,
    roc_section,
)
from mmctr.reporting.overview import overview
from mmctr.reporting.pages import render_report
from mmctr.reporting.run_sections import (
    ablation_section,
    cost_section,
    manifest_section,
    parameters_section,
)
from mmctr.reporting.slice_sections import slices_section
from mmctr.reporting.training_section import training_section

SECTIONS = [
    "overview",
    "metrics",
    "roc",
    "calibration",
    "slices",
    "data",
    "codes",
    "training",
    "history",
    "ablation",
    "cost",
    "parameters",
    "manifest",
]


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return found()


@pytest.fixture(scope="module")
def html(made) -> str:
    return write_report(**made)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def words_of(section: Section) -> str:
    """What a page with nothing but this section says."""
    return Page(render_report("t", "s", [section])).section(section.anchor).words


def test_it_has_every_section_and_links_to_each(page):
    anchors = [each.attributes["id"] for each in page.all("section")]
    assert anchors == SECTIONS
    links = [each.attributes["href"].removeprefix("#") for each in page.all("a")]
    assert links[: len(SECTIONS)] == SECTIONS
    # An earlier run's report lies beside the page.
    assert set(links) <= {*SECTIONS, "history/0007.html"}


def test_it_loads_nothing(html, page):
    assert page.loads() == []
    assert not page.all("script")
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    # The only addresses are those in an untrusted title, and they are text.
    addresses = set(re.findall(r"https?://[^\s<&\"]+", html))
    assert addresses == {"http://evil.example/p.png"}
    (policy,) = [x for x in page.all("meta") if "http-equiv" in x.attributes]
    assert policy.attributes["content"].startswith("default-src 'none'")


def test_untrusted_text_stays_text(html, page):
    assert TITLE in page.section("codes").words
    assert "<script" not in html
    assert not page.all("img")
    assert not page.all("b")
    assert "rq_$codes$_<b>" in page.section("ablation").words
    assert "(no title)" in page.section("codes").words


def test_every_figure_has_a_text_alternative(page):
    pictures = page.all("svg")
    captions = page.all("figcaption")
    assert len(pictures) == len(captions) == 11
    for picture, caption in zip(pictures, captions, strict=True):
        assert picture.attributes["role"] == "img"
        label = picture.attributes["aria-label"]
        assert caption.words in label
        assert re.search(r"\d", label)


def test_pictures_take_the_colours_of_the_page(html):
    svgs = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    for svg in svgs:
        assert "currentColor" in svg
        assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {"#ffffff", "#000000"}
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_ids_of_pictures_are_unique(page):
    ids = [x.attributes["id"] for x in page.elements if x.attributes.get("id")]
    assert len(ids) > len(SECTIONS)
    assert len(set(ids)) == len(ids)


def test_tables_scroll_in_a_box_of_their_own(page):
    boxes = [x for x in page.all("div") if x.attributes.get("class") == "scroll"]
    assert len(boxes) == len(page.all("table"))
    assert all(box.attributes["tabindex"] == "0" for box in boxes)


def test_the_numbers_are_those_of_the_artifacts(made, page):
    measured = made["metrics"]["test"]
    first = page.section("overview").words
    assert f"{measured['auc']:.4f}" in first
    low, high = measured["gauc_interval"]
    assert f"[{low:.4f}, {high:.4f}]" in first
    closer = made["evaluation_details"]["test"]
    for each in closer["slices"][1:]:
        assert f"{each['auc']:.4f}" in page.section("slices").words
    for each in closer["calibration"]:
        assert f"{each['click_rate']:.4f}" in page.section("calibration").words
    for name in measured["baselines"]:
        assert name.replace("_", " ") in page.section("metrics").words


def test_sentences_name_what_is_there(page):
    assert (
        "likes level of the row predicts the clicks of test best: alone it has an AUC "
        "of 0.7123" in page.section("data").words
    )
    assert (
        "from 0.6500 at step 10 to its best, 0.7000, at step 20, and was 0.6900"
        in page.section("training").words
    )
    assert "train_model took 99 % of 1 min 37 s" in page.section("cost").words
    assert "2.50 GB, by the end of train_model" in page.section("cost").words
    assert (
        "Against none, rq_$codes$_<b> is the best arm: +0.0789 [+0.0689, +0.0989] of "
        "gAUC; the interval lies above zero" in page.section("ablation").words
    )
    assert "Of 1 items drawn at random, 1 of the 2 pairs share all" in (
        page.section("codes").words
    )


def test_cost_time_parameters_and_hashes_are_shown(page):
    cost = page.section("cost").words
    assert "$0.0123" in cost
    assert "generate_sample fusion earlier" in cost
    assert "train_model fusion this 1 min 36 s 2.50 GB" in cost
    assert "training.batch_size 512" in page.section("parameters").words
    assert "model.dnn_units [64, 32]" in page.section("parameters").words
    manifest = page.section("manifest").words
    assert "ctr_weights train_model 2026-02-03 04:05 UTC 1234567890ab" in manifest
    # The report can't know its own hash; the manifest has that of the one before.
    assert "write_report" not in manifest
    assert "ablation.seeds" not in page.section("parameters").words


def test_without_an_ablation_it_says_how_to_have_one(made):
    words = words_of(ablation_section(None, Record.of(made["manifest"])))
    assert "has not run" in words
    assert "kedro run --pipeline ablation" in words


def test_listed_pairs_of_the_ablation_are_shown(made):
    record = Record.of(made["manifest"])
    words = words_of(ablation_section(made["ablation"], record))
    assert "second subtracted from the first" in words
    assert "-0.0100 [-0.0200, +0.0000]" in words
    without = {**made["ablation"], "comparisons": []}
    assert "subtracted" not in words_of(ablation_section(without, record))


def test_an_ablation_of_other_rows_has_a_warning(made, page):
    assert "rows have changed since the ablation" not in page.section("ablation").words
    manifest = copy.deepcopy(made["manifest"])
    manifest["outputs"]["train"] = "1" * 64
    words = words_of(ablation_section(made["ablation"], Record.of(manifest)))
    assert "rows have changed since the ablation" in words


def test_without_times_and_manifest_it_says_so(made):
    section = cost_section(made["embedding_report"], None)
    assert "was not recorded" in words_of(section)
    nothing = Record.of(None)
    assert "was not recorded" in words_of(parameters_section(nothing))
    assert "was not recorded" in words_of(manifest_section(nothing))


def test_parameters_that_artifacts_disagree_on_are_named(made):
    manifest = copy.deepcopy(made["manifest"])
    manifest["made"]["item_table"] = {
        **manifest["made"]["ctr_weights"],
        "parameters": {"ctr_modeling.seed": 8},
    }
    words = words_of(parameters_section(Record.of(manifest)))
    assert "Artifacts disagree on ctr_modeling.seed" in words


def test_an_unlabelled_test_gives_way_to_valid():
    page = Page(write_report(**{**found(labelled=False), "ablation": None}))
    assert "The test rows have no labels" in page.section("overview").words
    assert "AUC on valid" in page.section("overview").words
    assert "test has no labels" in page.section("metrics").words
    assert "hidden" in page.section("data").words
    words = " ".join(each.words for each in page.all("section")).split()
    assert not {"None", "nan", "[nan,"} & set(words)


def test_without_vectors_there_are_no_codes(made):
    nothing = pd.DataFrame(columns=made["shared_codes"].columns)
    absent = codes_section({"title": None, "image": None}, nothing)
    assert "so no codes" in words_of(absent)
    titles = {"title": made["codebook"]["title"], "image": None}
    words = words_of(codes_section(titles, nothing))
    assert "There are no image vectors" in words
    assert "None of the items" in words


def test_undefined_measures_are_dashes(made):
    metrics = copy.deepcopy(made["metrics"])
    details = copy.deepcopy(made["evaluation_details"])
    part = metrics["test"]
    part |= dict.fromkeys(("auc", "gauc", "auc_interval", "gauc_interval", "ne"))
    for baseline in part["baselines"].values():
        baseline.update(dict.fromkeys(baseline))
    part["baselines"]["popularity"] = None
    roc = details["test"]["roc"]
    for name in ("true_positive_rate", "low", "high"):
        roc[name] = [None] * len(roc[name])
    roc["baselines"] = dict.fromkeys(roc["baselines"])
    undefined = dict.fromkeys(("auc", "auc_interval", "pair_auc", "pair_auc_interval"))
    for each in details["test"]["slices"]:
        each.update(undefined)
    assert "all of one class" in words_of(roc_section("test", details["test"]))
    assert "No slice by" in words_of(slices_section("test", details["test"]))
    told = ("preparation_report", "data_audit", "training_history")
    rest = (made[name] for name in told)
    shown = words_of(overview(metrics, details, *rest, is_ablated=True))
    assert "is unknown whether the model beats a baseline" in shown
    assert "None" not in words_of(
        metrics_section(metrics, details, made["tree_importance"])
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("try `kedro run` & see", "try <code>kedro run</code> &amp; see"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
    ],
)
def test_commands_in_a_text_are_code(text, shown):
    assert shown in render_report("t", "s", [Section("a", "A", [Text(text)])])


def test_the_same_artifacts_give_the_same_picture(made):
    history = made["training_history"]
    assert training_section(history) == training_section(copy.deepcopy(history))


def test_the_manifest_says_threads_and_kernels_where_they_are_recorded(made, page):
    row = "train_model torch 2.13.0 3 - AVX512 true false"
    assert row in page.section("manifest").words
    manifest = copy.deepcopy(made["manifest"])
    del manifest["made"]["ctr_weights"]["computation"]
    words = words_of(manifest_section(Record.of(manifest)))
    assert "Threads and kernels" not in words
