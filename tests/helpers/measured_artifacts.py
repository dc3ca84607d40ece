"""Checks of predictions and metrics that a run has written."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MEASURES = {
    "rows",
    "auc",
    "gauc",
    "logloss",
    "logloss_interval",
    "ne",
    "ece",
    "ece_if_calibrated",
    "calibration_slope",
    "calibration_intercept",
    "raw",
    "auc_warm_items",
    "auc_clean_cold",
    "clean_cold_pairs",
    "baselines",
}


BASELINES = {
    "item_only",
    "popularity",
    "last_title_similarity",
    "max_title_similarity",
    "boosted_trees",
}


HEALTH = {
    "r2",
    "cosine",
    "usage",
    "perplexity",
    "dead_codes",
    "recall_at_10",
    "recall_at_50",
    "unique_code_share",
    "bits_per_item",
    "levels",
    "cold",
    "stability",
    "fit_seconds",
    "encode_seconds",
}


def strict_json(path: Path) -> Any:
    """JSON as the standard has it: Python would accept NaN."""

    def refuse(constant: str) -> None:
        pytest.fail(f"{path.name} holds {constant}")

    return json.loads(path.read_text(), parse_constant=refuse)


def predictions_and_rows(
    project: Path, dataset: str, part: str = "test"
) -> tuple[pa.Table, pa.Table]:
    output = project / "data" / "07_model_output" / dataset
    primary = project / "data" / "03_primary" / dataset
    return (
        pq.read_table(output / f"{part}_predictions.parquet"),
        pq.read_table(primary / f"{part}.parquet"),
    )


def check_predictions(predictions: pa.Table, rows: pa.Table) -> None:
    """What holds for any source."""
    names = ["user_id", "item_id", "label", "probability", "raw_probability"]
    assert predictions.column_names == names
    assert predictions["user_id"].equals(rows["user_id"])
    assert predictions["label"].equals(rows["label"])
    assert predictions["probability"].type == pa.float64()
    probability = predictions["probability"].to_numpy()
    assert ((probability > 0) & (probability < 1)).all()
    assert len(np.unique(probability)) > 10


def check_measures(measures: dict[str, Any], rows: int) -> None:
    assert measures.keys() >= MEASURES
    assert measures["rows"] == rows
    assert 0 <= measures["auc"] <= 1
    assert 0 <= measures["gauc"] <= 1
    assert measures["logloss"] > 0
    assert set(measures["baselines"]) == BASELINES
    for baseline in measures["baselines"].values():
        assert baseline.keys() >= {"auc", "gauc", "gauc_difference"}
        low, high = baseline["gauc_difference"]
        assert low <= high
    low, high = measures["baselines"]["boosted_trees"]["logloss_difference"]
    assert low <= high
