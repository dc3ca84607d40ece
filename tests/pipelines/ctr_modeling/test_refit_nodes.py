"""A refit changes what test and bundle have, and nothing that valid is measured by."""

import numpy as np
import pyarrow as pa
import pytest
from ctr_node_rows import N_ITEMS, VECTORS, rows

from mmctr.data.evaluated_rows import train_and_valid
from mmctr.data.log_facts import LogFacts
from mmctr.pipelines.ctr_modeling.nodes import evaluate_predictions, train_model
from mmctr.pipelines.ctr_modeling.prediction_nodes import predict_rows, predict_valid

REPORT = {"source": "challenge", "log": None, "oracle_auc": None}
TRAIN, VALID, TEST = rows(0, 100), rows(1, 30), rows(2, 30)


@pytest.fixture(scope="module")
def measured(item_table, mapping, params):
    """Predictions of valid and test, and metrics, without a refit and with it."""
    found = {}
    for how in ("none", "train_and_valid"):
        training = params.training.model_copy(update={"refit": how})
        own = params.model_copy(update={"training": training})
        weights, history = train_model(item_table, VECTORS, TRAIN, VALID, REPORT, own)
        others = (mapping, REPORT, own)
        valid = predict_valid(item_table, VECTORS, weights, VALID, *others)
        test = predict_rows(item_table, VECTORS, weights, TEST, *others)
        trees = [np.full(len(part), 0.25) for part in (VALID, TEST)]
        metrics, _ = evaluate_predictions(
            TRAIN,
            VALID,
            valid,
            trees[0],
            TEST,
            test,
            trees[1],
            test.slice(0, 0),
            trees[1][:0],
            {"title": np.eye(N_ITEMS + 1, N_ITEMS, k=-1, dtype=np.float32)},
            REPORT,
            {"protocol": "live"},
            own,
        )
        found[how] = (valid, test, metrics, history)
    return found


def test_valid_is_scored_by_what_has_not_seen_it(measured):
    (valid, test, _, _), (valid_again, test_again, _, history) = measured.values()
    assert valid_again.equals(valid)
    assert not test_again.equals(test)
    assert history["refit"]["rows"] == len(TRAIN) + len(VALID)


def test_baselines_of_test_know_valid_too(measured):
    (_, _, metrics, _), (_, _, again, _) = measured.values()
    assert again["valid"]["baselines"] == metrics["valid"]["baselines"]
    own, others = (x["test"]["baselines"]["item_only"] for x in (again, metrics))
    assert own["logloss"] != others["logloss"]


def test_valid_has_as_few_negatives_as_train():
    both = train_and_valid(TRAIN, VALID, LogFacts("impressions", 0.2), seed=1)
    added = both.slice(len(TRAIN))["label"].to_numpy()
    assert added.sum() == VALID["label"].to_numpy().sum()
    assert 5 < (added == 0).sum() < 40
    whole = train_and_valid(TRAIN, VALID, LogFacts("impressions"), seed=1)
    assert whole.equals(pa.concat_tables([TRAIN, VALID]))
