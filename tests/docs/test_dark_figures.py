"""Drawings for dark pages."""

import re
from xml.etree import ElementTree

import pytest
from dark_figures import darken, in_both_schemes
from paths import REPOSITORY

FIGURES = sorted((REPOSITORY / "docs").rglob("*.svg"))


def test_white_becomes_dark_black_white_and_a_hue_stays():
    fills = ("#ffffff", "#000000", "#dbe4ff")
    drawn = "".join(f'<a fill="{fill}"/>' for fill in fills)
    dark = darken(f'<svg x="1">{drawn}</svg>')
    assert dark.startswith('<svg fill="#ffffff" x="1">')
    white, black, pale = re.findall('<a fill="#(.{6})"', dark)
    assert (white, black) == ("1e2129", "ffffff")
    red, _, blue = bytes.fromhex(pale)
    assert red < blue < 128


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_every_color_of_a_figure_is_one_that_is_turned(figure):
    for element in ElementTree.fromstring(darken(figure.read_text())).iter():
        style = element.attrib.get("style", "").replace(" ", "")
        pairs = [part.split(":") for part in style.split(";") if part]
        named = [*element.attrib.items(), *pairs]
        for value in (value for name, value in named if name in {"fill", "stroke"}):
            assert value == "none" or (value[0] == "#" and len(value) == 7), figure


def test_a_page_has_a_figure_twice_and_says_when():
    assert in_both_schemes("a ![words, two](figures/one.svg) b ![c](d.png)") == (
        "a ![words, two](figures/one.svg#only-light)"
        "![words, two](figures/one.dark.svg#only-dark) b ![c](d.png)"
    )
