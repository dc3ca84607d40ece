"""Weights of rows, from a column of the log."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from small_impressions import impression_params, random_impressions, rows_of

from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.params import PreparationParams


def test_weights_have_a_mean_of_one_in_train():
    source = random_impressions(7)
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.01, 1, len(source.log))
    source = replace(source, log=source.log.append_column("p", pa.array(chance)))
    params = {"weight_column": "p", "weight_is": "propensity"}
    tables = prepare_interactions(source, impression_params(**params))
    weights = tables.train["weight"].to_numpy()
    assert weights.dtype == np.float32
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    report = tables.report["log"]["weights"]
    by_row = {
        (row["user_id"], row["timestamp"], row["item_id"], round(1 / row["p"], 3))
        for row in source.log.to_pylist()
    }
    ids = tables.item_id_mapping["original_id"].to_pylist()
    for row in rows_of(tables, "test"):
        weight = round(row["weight"] * report["mean_before"], 3)
        key = (row["user_id"], row["timestamp"], ids[row["item_id"] - 1], weight)
        assert key in by_row
    cut = prepare_interactions(source, impression_params(**params, max_weight=5))
    assert cut.report["log"]["weights"]["clipped"]["train"] > 0
    assert cut.train["weight"].to_numpy().max() == pytest.approx(
        5 / cut.report["log"]["weights"]["mean_before"], rel=1e-5
    )
    without = prepare_interactions(source, impression_params())
    assert "weight" not in without.train.schema.names


@pytest.mark.parametrize(
    ("values", "weight_is", "said"),
    [
        ([0.0, 1.0], "weight", r"rows \[0, 2, 4"),
        ([np.nan, 1.0], "weight", r"hold \[nan"),
        ([2.0, 1.0], "propensity", "at most 1"),
        (["a", "b"], "weight", "is string, expected numbers"),
    ],
)
def test_wrong_weights_are_named(values, weight_is, said):
    source = random_impressions(8)
    column = pa.array(values * (len(source.log) // 2))
    source = replace(source, log=source.log.append_column("w", column))
    params = impression_params(weight_column="w", weight_is=weight_is)
    with pytest.raises(ValueError, match=said) as error:
        prepare_interactions(source, params)
    assert "interactions.parquet: column 'w'" in str(error.value)
    params = PreparationParams(seed=1, weight_column="v")
    with pytest.raises(ValueError, match=r"'v' .* is missing; the file has user_id"):
        prepare_interactions(source, params)
