"""Row statistics: standardised, as quantiles of train, and whether they are missing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.torch import load, save
from worlds import (
    N_ITEMS,
    ctr_params,
    log_with_statistics,
    random_table,
    whole_batch,
)

from mmctr.ctr.features import row_statistics
from mmctr.ctr.features.row_statistics import RowStatistics, StatisticScales
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.evaluation import auc

KINDS = ["lexical", "popularity"]
NUMBERS = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


def fitted(*columns: list[float], seed: int = 0) -> RowStatistics:
    """One statistic per list of values in train."""
    values = np.array(columns, np.float32).T
    names = tuple(f"kind.{number}" for number in range(len(columns)))
    return RowStatistics(StatisticScales.fit(names, values, seed))


def inputs(layer: RowStatistics, *rows: list[float]) -> list[list[float]]:
    return layer(torch.tensor(rows, dtype=torch.float32)).tolist()


@given(
    train=hnp.arrays(np.float32, st.integers(1, 400), elements=NUMBERS),
    found=hnp.arrays(np.float32, 30, elements=NUMBERS),
)
@settings(max_examples=100, deadline=None)
def test_inputs_are_monotone_and_bounded(train, found):
    layer = fitted(train.tolist())
    rows = np.sort(np.concatenate([found, train]))[:, None]
    scaled = layer(torch.from_numpy(rows)).numpy()
    assert scaled.shape == (len(rows), 2)
    assert (np.diff(scaled, axis=0) >= 0).all()
    assert np.abs(scaled[:, 0]).max() <= 4
    assert np.abs(scaled[:, 1]).max() <= 1


@given(
    train=hnp.arrays(np.float32, (60, 3), elements=NUMBERS, fill=st.just(0.0)),
    found=hnp.arrays(np.float32, (9, 3), elements=NUMBERS | st.just(np.nan)),
    same=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_scoring_and_training_have_the_same_bits(train, found, same):
    """Values of train among them; and columns of one value, as in a request."""
    layer = fitted(*train.T.tolist())
    rows = np.repeat(found[:1], 5, axis=0) if same else np.concatenate([found, train])
    expected = layer.train()(torch.from_numpy(rows))
    assert torch.equal(layer.eval()(torch.from_numpy(rows)), expected)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=200, unique=True))
@settings(max_examples=50, deadline=None)
def test_a_value_of_train_gets_its_rank(train):
    """As long as there are no more values than points."""
    layer = fitted(train)
    found = [row[1] for row in inputs(layer, *([x] for x in sorted(train)))]
    grid = np.linspace(-1, 1, len(train))
    np.testing.assert_allclose(found, grid, atol=1 / len(train) + 0.02)
    assert found[0] == -1
    assert found[-1] == 1


def test_standardised_values_are_cut_and_equal_values_lie_in_the_middle():
    layer = fitted([0.0] * 75 + [1.0] * 25)
    zero, one, between, far = inputs(layer, [0.0], [1.0], [0.5], [100.0])
    mean, deviation = 0.25, np.sqrt(0.75 * 0.25)
    assert zero[0] == pytest.approx(-mean / deviation)
    assert one[0] == pytest.approx((1 - mean) / deviation)
    assert far == [4, 1]
    assert zero[1] == pytest.approx(-0.25, abs=0.02)
    assert one[1] == pytest.approx(0.75, abs=0.02)
    assert zero[1] < between[1] < one[1]


def test_missing_values_are_zero_and_said_where_train_has_some():
    nan = float("nan")
    layer = fitted([1.0, 2.0, 3.0, nan], [1.0, 2.0, 3.0, 4.0])
    assert layer.width == 5
    known, missing = inputs(layer, [3.0, 4.0], [nan, nan])
    assert known[0] == pytest.approx(1 / np.std([1, 2, 3]))
    assert known[2:] == [1, 1, 0]
    assert missing == [0, 0, 0, 0, 1]


@pytest.mark.parametrize("column", [[0.1] * 7, [float("nan")] * 7])
def test_a_statistic_that_is_constant_in_train_gives_zeros(column):
    layer = fitted(column)
    for value in (0.1, -3.0, 1e6):
        assert inputs(layer, [value])[0][:2] == [0, 0]


def test_large_logs_are_drawn_from_at_random(monkeypatch):
    """By the seed, from all rows; a rare missing value is found all the same."""
    monkeypatch.setattr(row_statistics, "FIT_ROWS", 1000)
    values = np.arange(20_000, dtype=np.float32) % 2 * 10
    values[7] = np.nan
    one, same, other = (fitted(values.tolist(), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.mean, same.mean)
    assert not torch.equal(one.mean, other.mean)
    # A stride of two would see one of the two values only.
    assert one.mean.item() == pytest.approx(5, abs=0.5)
    assert one.width == 3


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    logs = [log_with_statistics(rng, count, KINDS) for count in (1200, 300)]
    return random_table(rng), *logs


def params_of(*kinds: str):
    training = {"batch_size": 64, "learning_rate": 0.01, "max_epochs": 4}
    off = {"item_id": False, "fields": ["likes"], "content": "none"}
    return ctr_params(features={"statistics": list(kinds), **off}, training=training)


def train(world, params):
    table, *logs = world
    logs = [log.with_statistics(params.features.statistics) for log in logs]
    return train_ctr_model(table, *logs, np.arange(len(logs[1])) // 4, params)


@pytest.fixture(scope="module")
def trained(world):
    return train(world, params_of(*KINDS))


def test_the_model_learns_from_them(world, trained):
    assert trained.history["best"] > 0.9
    assert trained.history["statistics"] == [
        "lexical.first_word",
        "popularity.age",
        "popularity.events_30d",
    ]
    without = train(world, params_of("popularity"))
    assert without.history["best"] < trained.history["best"] - 0.1


def test_loaded_weights_restore_the_scales(world, trained):
    """From a file, on rows whose own statistics have other scales."""
    table, _, valid = world
    weights = load(save(trained.weights))
    scores = predict_clicks(table, weights, valid, params_of(*KINDS))
    assert auc(valid.label, scores) == pytest.approx(trained.history["best"], abs=1e-6)
    few = valid.with_statistics(KINDS)
    few.statistics[:] = few.statistics[:1]
    assert np.isfinite(predict_clicks(table, weights, few, params_of(*KINDS))).all()


def test_a_layer_takes_the_scales_of_the_weights_it_loads():
    one, other = fitted([0.0, 0.0, 0.0, 1.0, 2.0]), fitted([5.0, 6.0])
    other.load_state_dict(one.state_dict())
    for value in (-1.0, 0.0, 0.5, 1.0, 9.0):
        assert inputs(other, [value]) == inputs(one, [value])


def test_weights_of_other_statistics_are_refused(world, trained):
    table, _, valid = world
    params = params_of("popularity")
    other = valid.with_statistics(["popularity"])
    message = "ctr_weights belong to other row statistics .* lexical.first_word only"
    with pytest.raises(ValueError, match=message):
        predict_clicks(table, trained.weights, other, params)
    plain = train(world, params_of())
    with pytest.raises(ValueError, match="none only there, .* only in the rows"):
        predict_clicks(table, plain.weights, valid, params_of(*KINDS))


def test_parts_with_different_statistics_are_refused(world):
    table, log, valid = world
    other = valid.with_statistics(["lexical"])
    with pytest.raises(ValueError, match="run kedro run --pipeline row_statistics"):
        train_ctr_model(
            table, log, other, np.arange(len(other)) // 4, params_of(*KINDS)
        )


def test_a_statistic_changes_the_score_of_its_row_only(world):
    table, log, _ = world
    names = log.statistic_names
    scales = StatisticScales.fit(names, log.statistics, 0)
    params = ctr_params(model={"dnn_units": [64, 64]})
    model = Din(table, np.ones(N_ITEMS + 1, bool), params, scales).eval()
    batch = whole_batch(log)
    changed = batch.statistics.clone()
    changed[5] = torch.where(changed[5].isnan(), 1.0, float("nan"))
    with torch.inference_mode():
        before, after = model(batch), model(batch._replace(statistics=changed))
    assert (before != after).nonzero().flatten().tolist() == [5]
