"""Calibration from the training node to the file of predictions."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from kedro_datasets_experimental.safetensors import SafetensorsDataset
from prepared_log import log_report

from mmctr.ctr.params import CtrParams
from mmctr.ctr.submission import build_submission
from mmctr.data.datasets import ArrowDataset
from mmctr.evaluation import auc, logloss
from mmctr.evaluation.calibration import calibration_line
from mmctr.pipelines.ctr_modeling.nodes import train_model
from mmctr.pipelines.ctr_modeling.prediction_nodes import predict_rows

N_ITEMS = 10
VECTORS = {"title": np.zeros((N_ITEMS + 1, 0))}
REPORT = {
    "source": "interactions",
    "log": log_report() | {"negatives_per_positive": 4},
}
NOTHING = pa.array([[]] * (N_ITEMS + 1), pa.list_(pa.int32()))
LEVELS = pa.array(np.append(0, np.arange(N_ITEMS) + 4), pa.int32())
FACTS = {"kind": "level", "size": "14", "width": "1", "known_only": "True"}
ITEMS = pa.table(
    {
        "item_id": pa.array(np.arange(N_ITEMS + 1), pa.int32()),
        "title_codes": NOTHING,
        "image_codes": NOTHING,
    }
).append_column(pa.field("field_likes", pa.int32(), metadata=FACTS), LEVELS)
MAPPING = pa.table(
    {"item_id": np.arange(1, N_ITEMS + 1), "original_id": np.arange(N_ITEMS)}
)


def params(method: str | bool = "platt") -> CtrParams:
    return CtrParams.model_validate(
        {
            "features": {"content": "none", "item_id": False},
            "model": {"embedding_dim": 4, "attention_units": [4], "dnn_units": [8]},
            "training": {"batch_size": 64, "max_epochs": 3, "learning_rate": 0.02},
            "calibration": {"method": method},
            "evaluation": {"seed": 1},
            "seed": 1,
            "device": "cpu",
        }
    )


def rows(count: int, seed: int, *, noise: float) -> pa.Table:
    """Rows whose items above 5 are clicked, but for some that are the other way."""
    rng = np.random.default_rng(seed)
    items = rng.integers(1, N_ITEMS + 1, count)
    labels = (items > 5) ^ (rng.random(count) < noise)
    return pa.table(
        {
            "user_id": np.arange(count) // 4,
            "group_id": np.arange(count) // 4,
            "item_id": items,
            "item_seq": pa.array([[1]] * count, pa.list_(pa.int32())),
            "label": pa.array(labels, pa.int8()),
            "timestamp": pa.nulls(count, pa.int64()),
        }
    )


TRAIN, TEST = rows(4000, 0, noise=0.05), rows(2000, 2, noise=0.3)


def train(valid: pa.Table, method: str = "platt") -> dict:
    return train_model(ITEMS, VECTORS, TRAIN, valid, REPORT, params(method))[0]


def predict(weights: dict, method: str | bool, report: dict = REPORT) -> pa.Table:
    return predict_rows(ITEMS, VECTORS, weights, TEST, MAPPING, report, params(method))


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> dict:
    """As the file of weights gives them back; valid is noisier than train."""
    path = tmp_path_factory.mktemp("weights") / "ctr_weights.safetensors"
    file = SafetensorsDataset(filepath=str(path), backend="torch")
    file.save(train(rows(2000, 1, noise=0.3)))
    return file.load()


@pytest.mark.parametrize("method", ["temperature", "platt", "beta", "isotonic"])
def test_predictions_are_calibrated_by_what_is_in_the_file_of_weights(weights, method):
    found = predict(weights, method)
    labels, raw, final = (
        found[name].to_numpy() for name in ("label", "raw_probability", "probability")
    )
    assert calibration_line(labels, raw)[0] < 0.5
    assert calibration_line(labels, final)[0] == pytest.approx(1, abs=0.15)
    assert logloss(labels, final) < logloss(labels, raw) - 0.1
    if method != "isotonic":
        assert auc(labels, final) == auc(labels, raw)


def test_the_submission_has_calibrated_probabilities(weights):
    found = predict(weights, "platt")
    submission = build_submission(found, params())["Task1&2"]
    assert submission.tolist() == found["probability"].to_pylist()
    assert submission.tolist() != found["raw_probability"].to_pylist()


@pytest.mark.parametrize("off", ["off", False])
def test_off_leaves_what_the_model_gives(weights, off):
    """YAML reads a bare off as false."""
    found = predict(weights, off)
    assert found["probability"].equals(found["raw_probability"])
    on = predict(weights, "platt")
    assert on["raw_probability"].equals(found["raw_probability"])


def test_weights_are_the_same_whatever_the_method(weights):
    again = train(rows(2000, 1, noise=0.3), "off")
    assert again.keys() == weights.keys()
    assert all(again[name].equal(weights[name]) for name in weights)


def test_the_later_half_of_valid_is_calibrated_on_and_all_of_it_without_times():
    calm, noisy = rows(1000, 1, noise=0.05), rows(1000, 3, noise=0.4)
    valid = pa.concat_tables([calm, noisy])
    place = valid.column_names.index("timestamp")
    rising = np.arange(2000) // 2

    def slope(times: pa.Array) -> float:
        found = train(valid.set_column(place, "timestamp", times))
        return float(found["calibration.platt.weights"][0])

    late_calm, all_rows, late_noisy = (
        slope(times)
        for times in (pa.array(-rising), pa.nulls(2000, pa.int64()), pa.array(rising))
    )
    assert late_calm == pytest.approx(1, abs=0.3)
    assert late_noisy < 0.3
    assert late_noisy + 0.1 < all_rows < late_calm - 0.1


def test_a_small_valid_calibrates_nothing_and_the_log_says_why(caplog):
    with caplog.at_level(logging.WARNING):
        few = train(rows(80, 1, noise=0.3))
    assert "no platt calibration on valid" in caplog.text
    assert "rows have the rarer label" in caplog.text
    found = predict(few, "platt")
    assert found["probability"].equals(found["raw_probability"])


def test_weights_without_calibration_are_refused_unless_it_is_off(weights):
    bare = {k: v for k, v in weights.items() if not k.startswith("calibration.")}
    with pytest.raises(
        ValueError, match=r"no calibration\.platt\.weights.*train again"
    ):
        predict(bare, "platt")
    assert predict(bare, "off").num_rows == TEST.num_rows


def test_the_file_says_what_probabilities_are_relative_to(weights, tmp_path):
    file = ArrowDataset(
        filepath=str(tmp_path / "predictions.parquet"), contract="predictions"
    )
    file.save(predict(weights, "platt"))
    said = file.load().schema.metadata[b"probability"].decode()
    assert "relative to the 4 negatives that were drawn per click" in said
    real = predict(weights, "platt", REPORT | {"source": "challenge", "log": None})
    assert not real.schema.metadata


def test_its_formula_gives_click_rates_of_another_share_of_negatives(weights):
    said = predict(weights, "platt").schema.metadata[b"probability"].decode()
    formula = said.split("becomes ")[1].removesuffix(".")
    # 0.6 among 4 drawn of each click's 20 is 0.6 clicks for 0.4 * 20 / 4 others.
    assert eval(formula, {"p": 0.6, "v": 20}) == pytest.approx(0.6 / (0.6 + 2))
    assert eval(formula, {"p": 0.6, "v": 4}) == pytest.approx(0.6)


def test_clicks_are_predicted_at_all(weights):
    found = predict(weights, "platt")
    clicked = pc.equal(found["label"], 1)
    assert pc.mean(found.filter(clicked)["probability"]).as_py() > 0.55
