"""Whether repeats are a baseline is decided on valid, for valid and test alike."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.ctr.params import CtrParams
from mmctr.pipelines.ctr_modeling.nodes import evaluate_predictions

N_GROUPS = 40
PARAMS = {
    "features": {},
    "model": {"embedding_dim": 4, "attention_units": [4], "dnn_units": [8]},
    "training": {"batch_size": 64, "max_epochs": 2, "learning_rate": 0.01},
    "evaluation": {"resamples": 10, "seed": 1},
    "seed": 1,
    "device": "cpu",
}


def rows(repeats: str) -> pa.Table:
    """Groups of a clicked and another row; ``clicked`` or ``both`` are repeats."""
    labels = np.tile([1, 0], N_GROUPS)
    items = np.tile([1, 2], N_GROUPS)
    history = [[1, 3] if repeats == "clicked" else [1, 2]] * len(labels)
    return pa.table(
        {
            "user_id": np.repeat(np.arange(N_GROUPS), 2),
            "group_id": np.repeat(np.arange(N_GROUPS), 2),
            "item_id": items,
            "item_seq": pa.array(history, pa.list_(pa.int32())),
            "label": pa.array(labels, pa.int8()),
        }
    )


def predictions(table: pa.Table) -> pa.Table:
    even = np.full(len(table), 0.5)
    return pa.table({"probability": even, "raw_probability": even})


@pytest.mark.parametrize(
    ("valid", "test", "is_there"),
    [("clicked", "both", True), ("both", "clicked", False)],
)
def test_valid_decides(valid, test, is_there):
    tables = [rows(valid), rows(test)]
    scored = [
        each
        for table in tables
        for each in (table, predictions(table), np.full(len(table), 0.5))
    ]
    metrics, _ = evaluate_predictions(
        rows("both"),
        *scored,
        predictions(tables[1].slice(0, 0)),
        np.zeros(0),
        {"title": np.eye(4, 3, k=-1, dtype=np.float32)},
        {"oracle_auc": None, "log": None},
        {"protocol": "live"},
        CtrParams.model_validate(PARAMS),
    )
    for part, told in (("valid", valid), ("test", test)):
        assert ("seen_before" in metrics[part]["baselines"]) == is_there
        if is_there:
            found = metrics[part]["baselines"]["seen_before"]["auc"]
            assert found == (1.0 if told == "clicked" else 0.5)
