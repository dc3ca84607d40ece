"""Scores of a bundle are the pipeline's, whoever asks and however."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from served_runs import ITEMS, requests_of_test, with_raw_fields

from mmctr import Scorer
from mmctr.ctr.models.din.attention import TargetAttention
from mmctr.serving.errors import UnknownItemsError

# All use a run of the pipelines.
pytestmark = pytest.mark.system

HISTORY = ["i1", "i5", "i9"]
USER = {"user_id": "u1", "country": "se"}
ROW = {"position": 2}


@pytest.fixture(scope="module")
def requests(project):
    """Rows of test with raw fields, and the pipeline's scores."""
    table, scores = requests_of_test(project)
    return with_raw_fields(project, table), scores


def test_scores_are_bit_for_bit_those_of_the_pipeline(shared, requests):
    table, expected = requests
    assert np.array_equal(shared.score_frame(table), expected)
    assert np.array_equal(shared.score_frame(table.to_pandas()), expected)


def test_a_request_alone_has_the_same_score(shared, requests):
    table, expected = requests
    for place, row in enumerate(table.slice(0, 10).to_pylist()):
        found = shared.score(
            row["history"],
            [row["item_id"]],
            user={"user_id": row["user_id"], "country": row["country"]},
            row={"position": row["position"], "timestamp": row["timestamp"]},
            as_of=row["as_of"],
        )
        assert found == pytest.approx(expected[place : place + 1], abs=1e-6)


def test_the_bundles_own_requests_have_their_scores(shared):
    sample = shared.sample
    assert len(sample) == 20
    assert shared.score_frame(sample) == pytest.approx(sample["probability"], abs=1e-6)


def test_a_value_of_a_field_changes_scores_and_one_each_is_taken(shared):
    candidates = ["i1", "i1"]
    scores = shared.score(HISTORY, candidates, USER, {"position": [1, 4]})
    assert scores[0] > scores[1]
    both = [shared.score(HISTORY, ["i1"], USER, {"position": x})[0] for x in (1, 4)]
    assert scores == pytest.approx(both, abs=1e-6)
    with pytest.raises(ValueError, match="'position' has 3 values for 2 candidates"):
        shared.score(HISTORY, candidates, USER, {"position": [1, 2, 3]})


def test_ranking_is_by_score(shared):
    best = shared.rank(HISTORY, k=5, user=USER, row=ROW)
    scores = shared.score(HISTORY, shared.items, USER, ROW)
    assert [score for _, score in best] == sorted(scores, reverse=True)[:5]
    assert len(shared.rank(HISTORY, k=5, candidates=["i3", "i4"])) == 2
    assert len({item for item, _ in shared.rank(HISTORY, k=1000)}) == ITEMS
    with pytest.raises(ValueError, match="k: expected a number from 0 on"):
        shared.rank([], k=-1)


def test_an_empty_history_and_no_candidates(shared):
    assert ((shared.score([], ["i1"]) > 0) & (shared.score([], ["i1"]) < 1)).all()
    assert shared.score(HISTORY, []).shape == (0,)
    assert shared.score_frame(pd.DataFrame({"item_id": [], "history": []})).size == 0


def test_unknown_items_of_histories_are_left_out_and_counted(shared):
    found = shared.answer(["i1", "none", None, *HISTORY[1:]], ["i2"], USER, ROW)
    assert found.unknown_history == 2
    assert np.array_equal(found.scores, shared.score(HISTORY, ["i2"], USER, ROW))


def test_unknown_candidates_are_scored_or_refused(shared, bundle):
    found = shared.answer(HISTORY, ["none", "i2"], USER, ROW)
    assert found.unknown_candidates.tolist() == [True, False]
    assert np.isfinite(found.scores).all()
    with pytest.raises(UnknownItemsError, match="1 candidates .*none") as refused:
        Scorer.load(bundle, unknown="refuse").score(HISTORY, ["i2", "none"])
    assert refused.value.where == ("candidates", 1)


def test_ids_of_another_type_are_an_error_and_not_unknown(shared):
    with pytest.raises(ValueError, match="item ids of this bundle are string"):
        shared.score([1, 2], ["i1"])
    with pytest.raises(ValueError, match="user_id: this bundle's are string"):
        shared.score(HISTORY, ["i1"], {"user_id": 3})
    with pytest.raises(ValueError, match="no column 'history'"):
        shared.score_frame(pd.DataFrame({"item_id": ["i1"]}))


def test_dates_are_no_unix_seconds(shared):
    now = pd.Timestamp("2024-05-31")
    frame = pd.DataFrame({"item_id": shared.items[:1], "history": [[]]})
    for name in ("as_of", "timestamp"):
        with pytest.raises(ValueError, match=f"{name}: expected whole numbers"):
            shared.score_frame(frame.assign(**{name: now}))


def test_unknown_users_are_a_normal_case(shared):
    scores = [shared.score(HISTORY, ["i2"], {"user_id": x}) for x in ("x", "y", "u1")]
    assert scores[0] == scores[1] != scores[2]
    assert np.isfinite(shared.score(HISTORY, ["i2"])).all()


def test_an_explanation_tells_every_part(shared):
    found = shared.explain([*HISTORY, "none"], "i4", USER, ROW)
    assert found.history == HISTORY
    assert found.score == shared.score(HISTORY, ["i4"], USER, ROW)[0]
    assert found.attention.shape == found.without_history.shape == (3,)
    assert set(found.similarity) == {"title", "image"}
    assert set(found.without_fields) == {"position", "country", "user_id"}
    without = shared.score(HISTORY[1:], ["i4"], USER, ROW)[0]
    assert found.without_history[0] == pytest.approx(found.score - without)
    assert (shared.explain(["i4"], "i4").similarity["title"] > 0.999).all()
    with pytest.raises(ValueError, match="'none' is not in the bundle"):
        shared.explain(HISTORY, "none")


def test_the_attention_of_an_explanation_is_what_the_model_weighs_by(
    shared, monkeypatch
):
    weighed = []

    def weights(own: TargetAttention, *args: object) -> object:
        weighed.append(of_model(own, *args))
        return weighed[-1]

    of_model = TargetAttention.weights
    with monkeypatch.context() as patched:
        patched.setattr(TargetAttention, "weights", weights)
        shared.score(HISTORY, ["i4"], USER, ROW)
    (inside,) = weighed
    found = shared.explain(HISTORY, "i4", USER, ROW)
    assert found.attention == pytest.approx(inside.double().numpy(), abs=1e-6)
    assert found.attention.any()


def test_threads_share_a_scorer(scorer, requests):
    table, expected = requests

    one = scorer.score(HISTORY, ["i4"], USER, ROW, as_of=10**9)

    def ask(turn: int) -> bool:
        if turn == 11:
            scorer.add_items(pd.DataFrame({"item_id": ["new"], "title": ["red robot"]}))
        if turn % 2:
            found = scorer.score(HISTORY, ["i4"], USER, ROW, as_of=10**9)
            return np.allclose(found, one, atol=1e-6)
        return np.array_equal(scorer.score_frame(table), expected)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(48)))
    assert "new" in scorer.items
