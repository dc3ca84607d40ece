"""Ids of items that training sees seldom."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from killed_trainings import KillAt, Killed, require_equal
from worlds import N_ITEMS, click_log, ctr_params, random_table

from mmctr.ctr.features.basic import ItemId
from mmctr.ctr.models import MODELS
from mmctr.ctr.prediction import ClickPredictor, predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.going_on import Parent
from mmctr.ctr.training.seeds import train_seeds

IDS = "items.features.item_id"


@given(
    counts=st.lists(st.integers(0, 9), min_size=1, max_size=30),
    min_rows=st.integers(2, 8),
    dropout=st.sampled_from([0.0, 0.3]),
)
def test_items_seen_often_have_a_row_each_and_the_others_share_one(
    counts, min_rows, dropout
):
    ids = ItemId(
        np.array([0, *counts]), 3, dropout=dropout, min_rows=min_rows, seed=1
    ).eval()
    often = [item for item, count in enumerate(counts, 1) if count >= min_rows]
    assert ids.table.num_embeddings == len(often) + 2
    rows = ids.row_of_item
    assert rows[0] == 0 and len(set(rows[often].tolist()) - {0}) == len(often)
    rare = sorted(set(range(1, len(counts) + 1)) - set(often))
    assert (rows[rare] == ids.unknown_row).all()
    assert ids.has_own_row(torch.arange(len(rows))).nonzero().ravel().tolist() == often
    assert torch.equal(ids(torch.tensor(rare, dtype=torch.long)), ids.table(rows[rare]))


def rare_params(**options) -> object:
    """Items with fewer than 20 occurrences share a row."""
    training = {"max_epochs": 1, "batch_size": 32} | options.pop("training", {})
    features = {"item_id_min_rows": 20} | options.pop("features", {})
    return ctr_params(features=features, training=training, **options)


@pytest.fixture
def world():
    """Items, rows of train in which half of the items are rare, and rows of valid."""
    rng = np.random.default_rng(2)
    train, valid = click_log(rng, 300), click_log(rng, 80)
    rare = train.target > N_ITEMS // 2
    target = np.where(rare, train.target - N_ITEMS // 2, train.target)
    history = np.minimum(train.history, N_ITEMS // 2)
    rare_ones = np.arange(N_ITEMS // 2, N_ITEMS + 1)
    target[: len(rare_ones)] = rare_ones
    return random_table(rng), replace(train, target=target, history=history), valid


@pytest.mark.parametrize("name", MODELS)
def test_every_model_trains_and_scores_with_a_small_table(world, name):
    table, train, valid = world
    params = rare_params(
        features={"content": "none", "fields": []}, model={"name": name}
    )
    groups = np.arange(len(valid)) // 4
    weights = train_ctr_model(table, train, valid, groups, params).weights
    counts = train.item_counts(N_ITEMS)
    assert 2 < len(weights[f"{IDS}.table.weight"]) == (counts >= 20).sum() + 2 < N_ITEMS
    scores = predict_clicks(table, weights, valid, params)
    # Rare items are alike in everything that the model sees of them.
    often = np.flatnonzero(counts >= 20)
    other = np.where(np.isin(valid.target, often), valid.target, N_ITEMS)
    same = predict_clicks(table, weights, replace(valid, target=other), params)
    assert np.allclose(scores, same, atol=1e-7)


def test_several_seeds_and_a_stopped_training(world, tmp_path):
    table, train, valid = world
    params = rare_params(training={"seeds": 2}, model={"item_id_dropout": 0.3})
    given_ = (table, train, valid, np.arange(len(valid)) // 4, params)
    trained = train_seeds(*given_)
    assert predict_clicks(table, trained.weights, valid, params).std() > 0
    whole = train_ctr_model(*given_)
    with pytest.raises(Killed):
        train_ctr_model(*given_, callbacks=[KillAt(5)], checkpoints=tmp_path)
    require_equal(train_ctr_model(*given_, checkpoints=tmp_path), whole)


@pytest.mark.parametrize("start", ["neighbours", "unknown"])
def test_an_item_that_later_has_enough_rows_gets_one_of_its_own(world, start):
    table, train, valid = world
    params = rare_params(features={"content": "none"})
    going_on = params.going_on.model_copy(update={"max_epochs": 0, "new_items": start})
    params = params.model_copy(update={"going_on": going_on})
    groups = np.arange(len(valid)) // 4
    first = train_ctr_model(table, train, valid, groups, params)
    model = ClickPredictor(table, first.weights, params).members[0]
    counts = train.item_counts(N_ITEMS)
    parent = Parent(model, np.arange(N_ITEMS + 1), counts > 0)
    rng = np.random.default_rng(3)
    later = click_log(rng, 200)
    again = train_ctr_model(table, later, valid, groups, params, parent=parent)
    total = counts + later.item_counts(N_ITEMS)
    assert again.weights[f"{IDS}.counts"].tolist() == total.tolist()
    rows = again.weights[f"{IDS}.row_of_item"]
    found = again.weights[f"{IDS}.table.weight"]
    assert len(found) == (total >= 20).sum() + 2
    old = first.weights[f"{IDS}.table.weight"]
    promoted = np.flatnonzero((total >= 20) & (counts < 20))
    kept = np.flatnonzero(counts >= 20)
    assert len(promoted) > 3 and len(kept) > 3
    assert torch.equal(
        found[rows[kept]], old[first.weights[f"{IDS}.row_of_item"][kept]]
    )
    assert (found[rows[promoted]] == old[-1]).all()
    scores = [predict_clicks(table, x.weights, valid, params) for x in (first, again)]
    assert np.allclose(*scores, atol=1e-7)
