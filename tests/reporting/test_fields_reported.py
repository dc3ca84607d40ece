"""The report shows the fields, and what each alone says of the clicks."""

import copy

import pytest
from found_artifacts import found
from page_reader import Page

from mmctr.pipelines.reporting.nodes import write_report
from mmctr.reporting.field_sections import leak_of

pytestmark = pytest.mark.usefixtures("undrawn")


def data_words(fields: dict | None = None, columns: dict | None = None) -> str:
    """The words of the section on the data."""
    made = copy.deepcopy(found())
    for part in made["data_audit"].values():
        part["fields"] = fields or {}
    if columns:
        made["preparation_report"]["log"]["columns"] = columns
    return Page(write_report(**made)).section("data").words


def field(auc: float, side: str = "row") -> dict:
    shares = {"missing": 0.125, "rare": 0.25, "unknown": 0.0625}
    kinds = {"side": side, "kind": "category", "values": 17}
    return {**kinds, "shares": shares, "auc": auc, "auc_value": None}


def test_fields_are_listed_with_their_shares_and_aucs():
    words = data_words({"position": field(0.678), "country": field(0.51, "user")})
    for written in ("position", "12.5", "25.0", "6.2", "0.678", "0.510", "17"):
        assert written in words
    assert words.count("what stood there was clicked more") == 1


def test_every_raw_column_is_named_with_its_reason():
    use = {"side": "item", "kind": None, "used": False, "why": "free text"}
    words = data_words(columns={"blurb": use})
    assert "blurb item - no free text" in words


def test_where_the_user_is_no_field_the_share_of_known_users_is_said():
    assert "43.2 % of the rows of test are of users that train has" in data_words()
    assert "most are new" in data_words()
    words = data_words({"user_id": field(0.5, "user")})
    assert "of users that train has" not in words


def test_where_users_return_the_field_of_the_user_is_advised():
    made = copy.deepcopy(found())
    made["data_audit"]["test"]["known_user_share"] = 0.75
    words = Page(write_report(**made)).section("data").words
    assert "users return, so try --params fields.user_id=true" in words


def test_a_column_that_a_modality_is_made_of_is_described_so():
    use = {"side": "item", "kind": None, "used": False, "why": "free text: a modality"}
    made = copy.deepcopy(found())
    made["preparation_report"]["log"]["columns"] = {"blurb": use, "plot": use}
    report = {**made["embedding_report"]["title"], "column": "plot"}
    made["embedding_report"]["story"] = report
    words = Page(write_report(**made)).section("data").words
    assert "blurb item - no free text: a modality" in words
    assert "plot item vector yes the modality story" in words


@pytest.mark.parametrize(
    ("name", "side", "auc", "words"),
    [
        ("position", "row", 0.7, "what stood there"),
        ("hour", "row", 0.4, "other times"),
        ("device", "row", 0.7, "known only after the click"),
        ("price", "item", 0.6, "by anybody"),
        ("country", "user", 0.6, "such users"),
        ("price", "item", 0.54, "-"),
        ("price", "item", None, "-"),
    ],
)
def test_an_auc_far_from_chance_is_explained_by_its_side(name, side, auc, words):
    assert words in leak_of(name, side, auc)
