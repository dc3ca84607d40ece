"""The node of the baselines pipeline on small tables."""

import json

import numpy as np
import pyarrow as pa
import pytest

from mmctr.evaluation import auc
from mmctr.evaluation.params import BaselineParams
from mmctr.pipelines.baselines.nodes import score_by_trees

N_ITEMS = 30
VECTORS = {
    "title": np.eye(4, dtype=np.float32)[np.arange(N_ITEMS + 1) % 4]
    * (np.arange(N_ITEMS + 1) > 0)[:, None],
    "image": np.zeros((N_ITEMS + 1, 0), np.float32),
}
REPORT = {"log": None}


def params(**trees: object) -> BaselineParams:
    sizes = {"max_rounds": 20, "min_data_in_leaf": 5, **trees}
    return BaselineParams.model_validate(
        {"boosted_trees": sizes, "components": 3, "seed": 1}
    )


@pytest.fixture(scope="module")
def item_table() -> pa.Table:
    codes = pa.array([[]] * (N_ITEMS + 1), pa.list_(pa.int32()))
    tags = pa.field("field_tags", codes.type, metadata={"kind": "tags"})
    table = pa.table({"item_id": range(N_ITEMS + 1)})
    return table.append_column(tags, codes)


def rows(seed: int, groups: int, *, labelled: bool = True) -> pa.Table:
    """Groups of one click and three other rows, told apart by a statistic."""
    rng = np.random.default_rng(seed)
    count = 4 * groups
    labels = np.tile([1, 0, 0, 0], groups)
    return pa.table(
        {
            "group_id": np.repeat(np.arange(groups), 4),
            "item_id": rng.integers(1, N_ITEMS + 1, count),
            "item_seq": pa.array(
                [rng.integers(1, N_ITEMS + 1, n) for n in rng.integers(0, 4, count)],
                pa.list_(pa.int32()),
            ),
            "label": pa.array(labels if labelled else [None] * count, pa.int8()),
            "popularity.events": pa.array(
                np.where(
                    rng.random(count) < 0.1, np.nan, 2 * labels + rng.normal(size=count)
                ),
                pa.float32(),
            ),
        }
    )


def test_statistics_are_used_and_named(item_table):
    valid, test = rows(1, 50), rows(2, 60, labelled=False)
    place = test.column_names.index("popularity.events")
    nothing = pa.array(np.zeros(240), pa.float32())
    frozen = test.set_column(place, "popularity.events", nothing)
    on_valid, on_test, on_frozen, found = score_by_trees(
        item_table, VECTORS, rows(0, 200), valid, test, frozen, REPORT, params()
    )
    labels = rows(2, 60)["label"].to_numpy()
    # The statistic tells the classes apart, and a constant does not.
    assert auc(labels, on_test) > auc(labels, on_frozen) + 0.15
    assert (on_valid.shape, on_test.shape) == ((200,), (240,))
    assert on_test.dtype == np.float64
    assert ((on_test > 0) & (on_test < 1)).all()
    assert auc(valid["label"].to_numpy(), on_valid) > 0.75
    assert auc(labels, on_test) > 0.75
    found = json.loads(json.dumps(found, allow_nan=False))
    assert 1 <= found["best_round"] <= 20
    assert found["rows"] == 800
    assert next(iter(found["gain"])) == "popularity.events"
    assert {"history_length", "field_tags", "title_1", "history_title_3"} <= set(
        found["gain"]
    )


def test_the_same_again_and_on_fewer_rows(item_table):
    test = rows(2, 60)
    parts = (rows(0, 200), rows(1, 50), test, test.slice(0, 0))
    runs = [
        score_by_trees(item_table, VECTORS, *parts, REPORT, params(max_rows=most))
        for most in (1000, 1000, 402)
    ]
    assert np.array_equal(runs[0][1], runs[1][1])
    assert runs[0][3] == runs[1][3]
    assert len(runs[0][2]) == 0
    assert runs[2][3]["rows"] == 400
    assert auc(parts[2]["label"].to_numpy(), runs[2][1]) > 0.7


def test_one_class_in_train_is_refused(item_table):
    train = rows(0, 20)
    place = train.column_names.index("label")
    zeros = train.set_column(place, "label", pa.array([0] * 80, pa.int8()))
    parts = (rows(1, 5), rows(2, 5), rows(2, 0))
    with pytest.raises(ValueError, match="train: labels must hold both 0 and 1"):
        score_by_trees(item_table, VECTORS, zeros, *parts, REPORT, params())
