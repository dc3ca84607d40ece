"""What changes a score, and what must not."""

import numpy as np
import pyarrow.compute as pc
import pytest
import torch
from worlds import (
    N_ITEMS,
    ROW_LEVELS,
    click_log,
    ctr_params,
    random_table,
    rows_table,
    whole_batch,
    with_items,
    with_vectors,
)

from mmctr.ctr.features.fields import ItemFields
from mmctr.ctr.inputs.click_log import Batch, ClickLog
from mmctr.ctr.layers.computed_once import compute_once
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.models.interest_model import EMPTY_HISTORY
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.data.fields.field import FIRST

SEEN = np.ones(N_ITEMS + 1, bool)


@pytest.fixture(
    params=[
        ("bag", "codes"),
        ("positional", "codes"),
        ("concat", "codes"),
        ("prefix", "codes"),
        ("positional", "none"),
        ("positional", "continuous"),
        ("positional", "similarity"),
        ("prefix", "codes+continuous+similarity"),
    ],
    ids=" ".join,
)
def model(request):
    """A trained-looking model in evaluation mode."""
    code_entry, content = request.param
    rng = np.random.default_rng(0)
    # Wide enough that every row has a unit that is not zero.
    sizes = {"attention_units": [32], "dnn_units": [64, 64]}
    params = ctr_params(
        features={"content": content},
        model={"code_entry": code_entry, **sizes},
    )
    items = with_vectors(rng, random_table(rng))
    model = Din(items, SEEN, params, row_fields=ROW_LEVELS)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2.0)
    return model.eval()


@pytest.fixture
def batch():
    """Sixteen rows, histories of 0 to 7 items."""
    return whole_batch(click_log(np.random.default_rng(1), 16, levels=True))


@torch.inference_mode()
def test_a_history_item_changes_the_score_of_its_row_only(model, batch):
    before = model(batch)
    place = len(batch.history) // 2
    row = int(batch.segment[place])
    history = batch.history.clone()
    history[place] = history[place] % N_ITEMS + 1
    changed = model(with_items(batch, history=history)) != before
    assert changed[row]
    assert changed.sum() == 1


@torch.inference_mode()
def test_the_target_and_the_row_levels_change_the_score(model, batch):
    before = model(batch)
    other = with_items(batch, target=batch.target % N_ITEMS + 1)
    others = (batch.field_codes - FIRST + 1) % 11 + FIRST
    levels = batch._replace(field_codes=others)
    assert (model(other) != before).all()
    assert (model(levels) != before).all()


@torch.inference_mode()
def test_the_other_rows_of_a_batch_do_not_matter(model, batch):
    before = model(batch)
    log = click_log(np.random.default_rng(1), 16, levels=True)
    order = np.random.default_rng(2).permutation(16)
    torch.testing.assert_close(model(log[order]), before[order])
    alone = torch.cat([model(log[np.array([row])]) for row in range(16)])
    torch.testing.assert_close(alone, before, rtol=1e-5, atol=1e-6)


@torch.inference_mode()
@pytest.mark.parametrize("length", [1, 6])
def test_rows_of_one_history_have_the_scores_of_rows_among_others(
    model, monkeypatch, length
):
    """In blocks of a few rows, the last one of fewer."""
    monkeypatch.setattr("mmctr.ctr.models.din.attention._POSITIONS", 3 * length)
    target = torch.arange(1, N_ITEMS + 1)
    history = torch.tensor([3, 9, 3, 1, 22, 8][:length]).repeat(N_ITEMS)
    request = Batch.of(
        target=target,
        history=history,
        segment=(target - 1).repeat_interleave(length),
        statistics=torch.zeros(N_ITEMS, 0),
        label=torch.zeros(N_ITEMS),
        weight=torch.zeros(0),
    )._replace(field_codes=torch.full((N_ITEMS, 2), FIRST))
    # A row without a history besides.
    more = Batch.of(
        target=torch.cat([target, target[:1]]),
        history=history,
        segment=request.segment,
        statistics=torch.zeros(N_ITEMS + 1, 0),
        label=torch.zeros(N_ITEMS + 1),
        weight=torch.zeros(0),
    )._replace(field_codes=torch.full((N_ITEMS + 1, 2), FIRST))
    expected = model(more)[:-1]
    torch.testing.assert_close(model(request), expected, rtol=1e-5, atol=1e-6)
    weights = model.history_weights(more)
    assert weights.shape == (N_ITEMS * length,)
    torch.testing.assert_close(
        model.history_weights(request), weights, rtol=1e-5, atol=1e-6
    )


@torch.inference_mode()
def test_items_that_are_embedded_once_have_the_same_scores(model, batch):
    before = model(batch)
    compute_once(model)
    torch.testing.assert_close(model(batch), before, rtol=1e-5, atol=1e-6)


@torch.inference_mode()
def test_padding_does_not_matter(model, batch):
    """No score depends on the padding item's inputs."""
    before = model(batch)
    for feature in model.items.features.values():
        if isinstance(feature, ItemFields):
            continue  # the padding of its table is that of lists of tags too
        own = feature.table.weight if hasattr(feature, "table") else feature.inputs
        own[0] = 7.0
    for similarity in model.comparisons.values():
        similarity.unit[0] = similarity.has_vector[0] = 1.0
    torch.testing.assert_close(model(batch), before)


@torch.inference_mode()
def test_an_empty_history_is_scored(model):
    empty = torch.zeros(0, dtype=torch.long)
    batch = Batch.of(
        target=torch.tensor([1, 2]),
        history=empty,
        segment=empty,
        statistics=torch.zeros(2, 0),
        label=torch.zeros(2),
        weight=torch.zeros(0),
    )._replace(field_codes=torch.full((2, 2), FIRST))
    assert torch.isfinite(model(batch)).all()


def test_unseen_items_share_the_out_of_vocabulary_row():
    seen = SEEN.copy()
    seen[[4, 9]] = False
    params = ctr_params(model={"item_id_dropout": 0.3})
    model = Din(random_table(np.random.default_rng(0)), seen, params).eval()
    vectors = model.items.features["item_id"](torch.tensor([4, 9, 5]))
    assert torch.equal(vectors[0], vectors[1])
    assert not torch.equal(vectors[0], vectors[2])


def test_item_id_dropout_hides_its_share_of_ids():
    params = ctr_params(model={"item_id_dropout": 0.3})
    model = Din(random_table(np.random.default_rng(0)), SEEN, params).train()
    feature = model.items.features["item_id"]
    items = torch.arange(N_ITEMS + 1)
    hidden = 0
    for step in range(200):
        feature.dropout.step = step
        vectors = feature(items)
        assert not vectors[0].any()
        hidden += (vectors == feature.table.weight[-1]).all(dim=1).sum().item()
    assert hidden / (200 * N_ITEMS) == pytest.approx(0.3, abs=0.02)


def test_no_item_feature_is_an_error():
    off = {"item_id": False, "fields": [], "modalities": []}
    table = random_table(np.random.default_rng(0))
    with pytest.raises(ValueError, match="ctr_modeling.features"):
        Din(table, SEEN, ctr_params(features=off))
    off |= {"modalities": "all", "content": "similarity"}
    with pytest.raises(ValueError, match="content=similarity.*item_id=true"):
        Din(table, SEEN, ctr_params(features=off))


def test_features_can_be_switched_off_and_absent_ones_are():
    table = random_table(np.random.default_rng(0), image_positions=0)
    model = Din(table, SEEN, ctr_params(features={"without": ["likes"]}))
    assert model.items.names == ["item_id", "tags", "views", "title_codes"]


def test_chosen_modalities_alone_enter_the_model_and_unknown_ones_are_an_error():
    table = random_table(np.random.default_rng(0))
    model = Din(table, SEEN, ctr_params(features={"modalities": ["image"]}))
    assert "image_codes" in model.items.features
    assert "title_codes" not in model.items.features
    with pytest.raises(ValueError, match="names 'tag', and the items have title, im"):
        Din(table, SEEN, ctr_params(features={"modalities": ["image", "tag"]}))


def test_an_empty_history_has_a_learned_vector():
    rng = np.random.default_rng(3)
    table, log = random_table(rng), click_log(rng, 60)
    params = ctr_params(model={"batch_norm": False})
    batch, empty = whole_batch(log), np.diff(log.offsets) == 0
    assert 0 < empty.sum() < 60
    without = Din(table, SEEN, params)(batch)
    model = Din(table, SEEN, params, empty_history=True)
    # Zeros at first, so the other weights are drawn as without it.
    torch.testing.assert_close(model(batch), without)
    with torch.no_grad():
        model.empty_history += 1
    moved = (model(batch) - without).abs() > 1e-6
    assert moved.numpy().tolist() == empty.tolist()
    model(batch).sum().backward()
    assert model.empty_history.grad.abs().sum() > 0


def test_only_a_training_with_empty_histories_has_that_vector():
    rng = np.random.default_rng(4)
    table, log, valid = random_table(rng), click_log(rng, 200), click_log(rng, 80)
    params = ctr_params(training={"max_epochs": 1, "batch_size": 32})
    groups = np.arange(80) // 4
    weights = train_ctr_model(table, log, valid, groups, params).weights
    assert weights[EMPTY_HISTORY].abs().sum() > 0
    assert len(predict_clicks(table, weights, valid, params)) == 80

    filled = rows_table(rng, 200)
    filled = filled.filter(pc.greater(pc.list_value_length(filled["item_seq"]), 0))
    log = ClickLog.from_arrow(filled, 100, N_ITEMS)
    weights = train_ctr_model(table, log, valid, groups, params).weights
    assert EMPTY_HISTORY not in weights
    assert len(predict_clicks(table, weights, valid, params)) == 80
