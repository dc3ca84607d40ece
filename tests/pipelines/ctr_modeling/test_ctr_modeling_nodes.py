"""Nodes of the ctr_modeling pipeline on small tables."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ctr_node_rows import N_ITEMS, VECTORS, rows

from mmctr.ctr.params import CtrParams
from mmctr.ctr.submission import build_submission, check_submission
from mmctr.pipelines.ctr_modeling.nodes import evaluate_predictions, train_model
from mmctr.pipelines.ctr_modeling.prediction_nodes import predict_rows

REPORT = {"source": "challenge", "log": None}


@pytest.fixture(scope="module")
def trained(item_table, params):
    return train_model(item_table, VECTORS, rows(0, 200), rows(1, 50), REPORT, params)


def test_training_gives_weights_and_a_course(trained):
    weights, course = trained
    assert course["features"] == ["item_id", "likes", "title_codes"]
    assert all(weight.is_contiguous() for weight in weights.values())
    assert json.loads(json.dumps(course, allow_nan=False))["best"] > 0.9


def test_content_is_chosen_and_named(item_table, mapping, params):
    features = {"item_id": False, "without": ["likes"]}
    features["content"] = "continuous+similarity"
    model = {**params.model.model_dump(), "embedding_std": 0.1}
    chosen = CtrParams.model_validate(
        {**params.model_dump(), "features": features, "model": model}
    )
    weights, course = train_model(
        item_table, VECTORS, rows(0, 200), rows(1, 50), REPORT, chosen
    )
    assert course["content"] == "continuous + similarity"
    assert course["features"] == ["title_vector"]
    # Clicked items have the one title, the others the other.
    assert course["best"] > 0.9
    predictions = [
        predict_rows(item_table, VECTORS, weights, rows(2, 20), mapping, REPORT, chosen)
        for _ in range(2)
    ]
    assert predictions[0].equals(predictions[1])
    with pytest.raises(ValueError, match="title vectors have shape"):
        predict_rows(
            item_table,
            {"title": VECTORS["title"][1:]},
            weights,
            rows(2, 20),
            mapping,
            REPORT,
            chosen,
        )


def with_popularity(table: pa.Table, name: str = "popularity.age") -> pa.Table:
    return table.append_column(name, pa.array(np.arange(len(table)), pa.float32()))


def test_row_statistics_are_read_and_belong_to_the_weights(
    trained, item_table, mapping, params
):
    features = {"statistics": ["popularity"]}
    chosen = CtrParams.model_validate({**params.model_dump(), "features": features})
    parts = [
        with_popularity(rows(seed, groups)) for seed, groups in ((0, 100), (1, 20))
    ]
    weights, course = train_model(item_table, VECTORS, *parts, REPORT, chosen)
    assert course["statistics"] == ["popularity.age"]
    test = rows(2, 20)

    def predict(weights: dict, test: pa.Table, params: CtrParams) -> pa.Table:
        return predict_rows(item_table, VECTORS, weights, test, mapping, REPORT, params)

    assert len(predict(weights, with_popularity(test), chosen)) == 80
    with pytest.raises(ValueError, match="names popularity.*row_statistics.kinds"):
        predict(weights, test, chosen)
    message = "ctr_weights belong to other row statistics .* --pipeline ctr_modeling"
    renamed = with_popularity(test, "popularity.other")
    for given, table, settings in (
        (weights, renamed, chosen),
        (weights, with_popularity(test), params),
        (trained[0], with_popularity(test), chosen),
    ):
        with pytest.raises(ValueError, match=message):
            predict(given, table, settings)


def test_predictions_keep_order_and_original_ids(trained, item_table, mapping, params):
    test = rows(2, 20)
    predictions = predict_rows(
        item_table, VECTORS, trained[0], test, mapping, REPORT, params
    )
    assert predictions["user_id"].equals(test["user_id"])
    assert predictions["label"].equals(test["label"])
    expected = [f"item-{item - 1}" for item in test["item_id"].to_pylist()]
    assert predictions["item_id"].to_pylist() == expected
    assert predictions.schema.field("probability").type == pa.float64()


def test_metrics_of_labelled_and_unlabelled_parts(trained, item_table, mapping, params):
    train, valid, test = rows(0, 200), rows(1, 50), rows(2, 60)
    place = test.column_names.index("label")
    unlabelled = test.set_column(place, "label", pa.nulls(len(test), pa.int8()))
    vectors = np.eye(N_ITEMS + 1, N_ITEMS, k=-1, dtype=np.float32)

    def measure(
        part: pa.Table, oracle: dict | None, frozen: int = 0
    ) -> tuple[dict, dict]:
        predictions = [
            predict_rows(
                item_table, VECTORS, trained[0], table, mapping, REPORT, params
            )
            for table in (valid, part, part.slice(0, frozen))
        ]
        return evaluate_predictions(
            train,
            valid,
            predictions[0],
            np.full(200, 0.25),
            part,
            predictions[1],
            np.full(240, 0.3),
            predictions[2],
            np.full(frozen, 0.35),
            {"title": vectors},
            {**REPORT, "oracle_auc": oracle},
            {"protocol": "live"},
            params,
        )

    metrics, details = json.loads(
        json.dumps(measure(test, {"test": 0.9}), allow_nan=False)
    )
    assert metrics["test"]["rows"] == 240
    assert metrics["test"]["auc"] > 0.9
    assert metrics["test"]["oracle_auc"] == 0.9
    assert "oracle_auc" not in metrics["valid"]
    assert set(metrics["valid"]["baselines"]) == {
        "item_only",
        "popularity",
        "last_title_similarity",
        "max_title_similarity",
        "boosted_trees",
    }
    trees = metrics["test"]["baselines"]["boosted_trees"]
    assert trees["auc"] == 0.5
    assert trees["logloss"] == pytest.approx(-0.25 * np.log(0.3) - 0.75 * np.log(0.7))
    assert trees["logloss_difference"][1] < 0
    assert details["test"]["slices"][0]["auc"] == metrics["test"]["auc"]
    assert metrics["test_frozen"] is None
    assert metrics["row_statistics"] == {"protocol": "live"}
    metrics, details = measure(unlabelled, None, 240)
    assert metrics["test"] is details["test"] is metrics["test_frozen"] is None
    metrics, _ = measure(test, None, 240)
    assert metrics["test_frozen"]["auc_interval"] == metrics["test"]["auc_interval"]
    assert set(metrics["test_frozen"]["baselines"]) == {"boosted_trees"}
    frozen = metrics["test_frozen"]["baselines"]["boosted_trees"]
    expected = -0.25 * np.log(0.35) - 0.75 * np.log(0.65)
    assert frozen["logloss"] == pytest.approx(expected)


@pytest.fixture
def predictions():
    return pa.table({"probability": pa.array([0.25, 1.0, 0.0], pa.float64())})


def test_a_submission_is_what_the_challenge_takes(predictions, params):
    submission = build_submission(predictions, params)
    assert submission.to_dict("list") == {
        "ID": [0, 1, 2],
        "Task1&2": [0.25, 1.0, 0.0],
    }
    report = check_submission(submission, predictions, params)
    assert report == {
        "rows": 3,
        "columns": ["ID", "Task1&2"],
        "lowest": 0.0,
        "highest": 1.0,
    }


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"ID": [0, 1, 2], "Task1": [0.1, 0.2, 0.3]}, "header"),
        (
            {"ID": [0, 1], "Task1&2": [0.1, 0.2]},
            "expected ID 0 to 2 .* got 2 rows",
        ),
        ({"ID": [0, 2, 1], "Task1&2": [0.1, 0.2, 0.3]}, "in order"),
        ({"ID": [0, 1, 2], "Task1&2": [0.1, np.nan, 0.3]}, r"rows \[1\]"),
        ({"ID": [0, 1, 2], "Task1&2": [0.1, 0.2, 1.3]}, r"rows \[2\]"),
        ({"ID": [0, 1, 2], "Task1&2": ["x", 0.2, 0.3]}, r"rows \[0\]"),
        ({"ID": [0, 1, 2], "Task1&2": [False, True, False]}, r"rows \[0, 1, 2\]"),
        ({"ID": [0, 1, 2], "Task1&2": [0.25, np.inf, 0.0]}, r"rows \[1\]"),
        ({"ID": [0.0, 1.0, 2.0], "Task1&2": [0.25, 1.0, 0.0]}, "in order"),
        ({"ID": [0, 1, 2], "Task1&2": [0.25, 0.0, 1.0]}, r"differs .* rows \[1, 2\]"),
        ({"Task1&2": [0.25, 1.0, 0.0], "ID": [0, 1, 2]}, "header"),
    ],
)
def test_a_broken_submission_is_refused(broken, message, predictions, params):
    with pytest.raises(ValueError, match=message):
        check_submission(pd.DataFrame(broken), predictions, params)
