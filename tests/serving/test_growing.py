"""Items and events that training never saw."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from served_runs import ITEMS, requests_of_test

from mmctr import Scorer
from mmctr.serving.bundle import Bundle
from mmctr.serving.http.served import ServedBundle
from mmctr.serving.ids import ItemIds
from mmctr.serving.new_items import with_items
from mmctr.serving.scorer import Scorer as Class
from mmctr.serving.state import ScoringState

# All use a run of the pipelines.
pytestmark = pytest.mark.system


@pytest.fixture
def twins(project) -> pd.DataFrame:
    """Items under new ids, with all that items of training have."""
    items = pq.read_table(project / "raw" / "items.parquet").to_pandas()
    twins = items.head(6)
    twins["item_id"] = [f"twin of {x}" for x in twins["item_id"]]
    return twins


def test_new_items_are_encoded_as_those_of_training(scorer, twins, project, tmp_path):
    scorer.add_items(twins)
    scorer.save(tmp_path / "saved")
    saved = Bundle.load(tmp_path / "saved")
    ids = saved.items["original_id"].to_pylist()
    new = [ids.index(x) + 1 for x in twins["item_id"]]
    old = [ids.index(x.removeprefix("twin of ")) + 1 for x in twins["item_id"]]
    for name, vectors in saved.vectors.items():
        assert np.allclose(vectors[new], vectors[old], atol=1e-6), name
    rows = saved.item_table.to_pandas()
    same = [x for x in rows if x != "item_id"]
    assert {"title_codes", "field_category", "value_price", "field_tags"} < set(same)
    assert rows["field_tags"][new].str.len().max() == 2
    assert rows["field_likes"][new].nunique() > 1
    for column in same:
        assert [np.array(rows[column][x]).tolist() for x in new] == [
            np.array(rows[column][x]).tolist() for x in old
        ], column


def test_new_items_are_scored_at_once_and_change_no_other_score(scorer, twins, project):
    table, expected = requests_of_test(project)
    before = scorer.score_frame(table)
    assert before.shape == expected.shape
    scorer.add_items(twins)
    assert np.allclose(scorer.score_frame(table), before, atol=1e-6)
    answer = scorer.answer(list(twins["item_id"]), list(twins["item_id"]))
    assert answer.unknown_history == answer.unknown_candidates.sum() == 0
    assert len(np.unique(answer.scores)) > 1


def test_what_training_did_not_have_is_unknown_and_told(scorer, caplog):
    tags = [["red", "new"], ["red", "other"], ["new"], ["other"]]
    scorer.add_items(pd.DataFrame({"item_id": list("abcd"), "tags": tags}))
    assert "2 tags that training did not have: ['new', 'other']" in caplog.text
    first, second, third, fourth = scorer.score(["i3"], list("abcd"))
    assert first == pytest.approx(second, abs=1e-7)
    assert third == pytest.approx(fourth, abs=1e-7)
    assert first != pytest.approx(third, abs=1e-7)


def test_only_a_title_needs_what_embeds_titles(bundle):
    whole = Bundle.load(bundle)
    embedding = whole.facts.embedding.model_copy(update={"provider": "lsa"})
    facts = whole.facts.model_copy(update={"embedding": embedding})
    scorer = Class(ScoringState.of(replace(whole, facts=facts)), "score")
    with pytest.raises(ValueError, match="made by lsa, which knows no other texts"):
        scorer.add_items(pd.DataFrame({"item_id": ["new"], "title": ["red robot"]}))
    scorer.add_items(pd.DataFrame({"item_id": ["new"], "title": [" "]}))
    assert np.isfinite(scorer.score(["new"], ["new", "i1"])).all()


def test_dates_of_new_items_are_kept(bundle):
    whole = Bundle.load(bundle)
    fields = whole.facts.fields.model_copy(update={"published_column": "day"})
    dated = replace(
        whole,
        facts=whole.facts.model_copy(update={"fields": fields}),
        items=whole.items.append_column("published", [np.arange(float(ITEMS))]),
    )
    ids = ItemIds(dated.items["original_id"])
    new = {"item_id": ["a", "b"], "day": ["1970-01-03", None]}
    grown = with_items(dated, pa.table(new), ids)
    assert grown.published.tolist()[:-1] == [*range(ITEMS), 2.0]
    assert np.isnan(grown.published[-1])
    undated = with_items(dated, pa.table({"item_id": ["a"]}), ids)
    assert np.isnan(undated.published[-1])


def test_a_server_takes_the_columns_that_training_had(bundle, twins):
    served = ServedBundle.load(bundle, "score").columns("item")
    assert set(twins.columns) <= served
    assert "likes_level" not in served


def test_an_item_may_have_nothing_but_its_id(scorer):
    scorer.add_items(pd.DataFrame({"item_id": ["bare"]}))
    assert np.isfinite(scorer.score(["bare"], ["bare"])).all()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"item_id": ["i1"]}, "already"),
        ({"item_id": ["x", "x"]}, "twice"),
        ({"item_id": [7]}, "ids of this bundle are string"),
        ({"title": ["a"]}, "no column item_id"),
        ({"item_id": ["x"], "likes": [-1.0]}, "has -1 in row 0; .* from 0 to inf"),
        ({"item_id": ["x"], "likes": ["many"]}, "'likes' is .*; expected numbers"),
        ({"item_id": ["x"], "tags": [[["a"]]]}, "'tags' is list.* write the names"),
        ({"item_id": ["x"], "image_vector": [[1.0, 2.0]]}, "width"),
    ],
)
def test_items_that_can_not_be_added_are_an_error(scorer, columns, message):
    with pytest.raises(ValueError, match=message):
        scorer.add_items(pd.DataFrame(columns))
    assert scorer.score([], ["i1"]).shape == (1,)


def test_what_was_added_and_observed_is_saved(scorer, twins, tmp_path):
    scorer.add_items(twins)
    event = {"user_id": ["u1"], "item_id": [twins["item_id"][0]], "label": [1]}
    left = scorer.observe(pd.DataFrame(event | {"timestamp": [2 * 10**9]}))
    assert left == 0
    scorer.save(tmp_path / "saved")
    again = Scorer.load(tmp_path / "saved")
    candidates = [*twins["item_id"], "i1", "i2"]
    assert np.array_equal(
        again.score(["i3"], candidates), scorer.score(["i3"], candidates)
    )
    again.save(tmp_path / "saved")  # over itself
    assert Scorer.load(tmp_path / "saved").items == scorer.items


def test_observed_events_are_those_that_training_would_have_counted(bundle, project):
    """Without the last third of the events, and with them again."""
    whole = Bundle.load(bundle)
    events = whole.events
    cut = events.num_rows * 2 // 3
    early = ScoringState.of(replace(whole, events=events.slice(0, cut)))
    late = events.slice(cut).to_pandas()
    ids = whole.items["original_id"].to_pylist()
    late["item_id"] = [ids[x - 1] for x in late["item_id"]]
    scorer = Class(early, "score")
    table, _ = requests_of_test(project)
    expected = Scorer.load(bundle).score_frame(table)
    assert not np.array_equal(scorer.score_frame(table), expected)
    unknown = late.head(1).assign(item_id="none")
    assert scorer.observe(pd.concat([late, unknown])) == 1
    assert np.array_equal(scorer.score_frame(table), expected)


def test_events_behind_the_end_of_statistics_are_named(bundle, caplog):
    whole = Bundle.load(bundle)
    events = whole.facts.events.model_copy(update={"frozen": True})
    facts = whole.facts.model_copy(update={"events": events})
    scorer = Class(ScoringState.of(replace(whole, facts=facts)), "score")
    before = scorer.score(["i3"], ["i1", "i2"])
    times = [events.valid_from - 1, events.valid_from, events.valid_from + 1]
    columns = {"user_id": list("abc"), "item_id": ["i1"] * 3, "label": [1] * 3}
    scorer.observe(pd.DataFrame(columns | {"timestamp": times})[1:])
    assert "2 events change no statistic" in caplog.text
    assert np.array_equal(scorer.score(["i3"], ["i1", "i2"]), before)


def test_events_that_can_not_be_counted_are_an_error(scorer):
    with pytest.raises(ValueError, match="no column 'label'"):
        scorer.observe(
            pd.DataFrame({"user_id": ["a"], "item_id": ["i1"], "timestamp": 1})
        )
    events = pa.table(
        {"user_id": ["a"], "item_id": ["i1"], "timestamp": [None], "label": [1]}
    )
    with pytest.raises(ValueError, match="'timestamp' is empty"):
        scorer.observe(events)
    for times, expected in (
        ([pd.Timestamp("2024-05-31")], "timestamp: expected whole numbers, unix s"),
        (["2024-05-31"], r"column 'timestamp' is \w*string; expected int64"),
    ):
        frame = events.drop_columns(["timestamp"]).to_pandas().assign(timestamp=times)
        with pytest.raises(ValueError, match=expected):
            scorer.observe(frame)
