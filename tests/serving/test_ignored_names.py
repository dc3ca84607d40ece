"""Names in a request that the bundle does not have."""

import pytest
from tiny_bundles import ITEMS, tiny_scorer

from mmctr import Scorer

HISTORY = ITEMS[:2]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return tiny_scorer(features={"content": "codes"})


def test_a_misspelt_field_is_named_with_the_one_that_is_meant(scorer, caplog):
    scores = scorer.score(HISTORY, ITEMS[3:5], user={"ages": 30}, row={"typo": 1})
    assert scores.tolist() == scorer.score(HISTORY, ITEMS[3:5]).tolist()
    assert (
        "user: 'ages' is no field of this bundle, so it is ignored; did you mean 'age'?"
    ) in caplog.text
    assert "row: 'typo' is no field of this bundle" in caplog.text


def test_what_the_bundle_has_is_taken_without_a_word(scorer, caplog):
    user = {"user_id": 5, "age": 30, "interests": ["a"]}
    scorer.rank(HISTORY, 3, user=user, row={"position": 1, "timestamp": 99})
    assert caplog.text == ""
