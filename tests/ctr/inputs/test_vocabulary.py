"""A model, and an item table with values unknown to it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from worlds import click_log, ctr_params, random_table, whole_batch

from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.inputs.vocabulary import within_vocabulary
from mmctr.ctr.models.din.model import Din


def params(policy: str, *, dropout: float = 0.3):
    given = ctr_params(
        features={"item_id": True, "likes": True, "views": True},
        model={"item_id_dropout": dropout},
    )
    return given.model_copy(update={"unknown_values": policy})


@pytest.fixture
def table() -> ItemTable:
    return random_table(np.random.default_rng(0))


def trained(table: ItemTable, given) -> dict[str, torch.Tensor]:
    seen = np.ones(table.n_items + 1, bool)
    seen[5] = False
    return Din(table, seen, given).state_dict()


def scores(table: ItemTable, weights: dict[str, torch.Tensor], given) -> torch.Tensor:
    model = Din(table, np.zeros(table.n_items + 1, bool), given)
    model.load_state_dict(weights)
    model.eval()
    return model(whole_batch(click_log(np.random.default_rng(1), 50)))


def test_known_values_are_not_changed(table):
    given = params("strict")
    weights = trained(table, given)
    same, same_weights = within_vocabulary(table, weights, given)
    assert torch.equal(scores(same, same_weights, given), scores(table, weights, given))
    for name in vars(table):
        assert np.array_equal(getattr(same, name), getattr(table, name))


@pytest.mark.parametrize(
    ("column", "value"), [("likes", 12), ("views", -1), ("tags", 9), ("tags", -2)]
)
def test_values_outside_the_vocabulary(table, column, value):
    given = params("strict")
    weights = trained(table, given)
    changed, padded = getattr(table, column).copy(), getattr(table, column).copy()
    place = (7, 0) if changed.ndim == 2 else (7,)
    changed[place], padded[place] = value, 0
    odd = replace(table, **{column: changed})
    with pytest.raises(ValueError, match=rf"'{column}' has 1 .* rows \[7\] .*{value}"):
        within_vocabulary(odd, weights, given)
    fit, fit_weights = within_vocabulary(odd, weights, params("pad"))
    assert np.array_equal(getattr(fit, column), padded)
    expected = replace(table, **{column: padded})
    _, sized = within_vocabulary(expected, weights, given)
    assert torch.equal(scores(fit, fit_weights, given), scores(expected, sized, given))
    assert np.array_equal(getattr(odd, column), changed)


def test_the_largest_known_values_are_known(table):
    given = params("strict")
    weights = trained(table, given)
    likes = table.likes.copy()
    likes[1:] = 11
    assert table.tags.max() == 8
    within_vocabulary(replace(table, likes=likes), weights, given)


@pytest.mark.parametrize("dropout", [0.3, 0.0])
def test_items_after_the_last_one_get_the_vector_of_unknown_items(table, dropout):
    given = params("strict", dropout=dropout)
    weights = trained(table, given)

    def two_more(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, values[[1, 2]]])

    wider = ItemTable(
        *map(two_more, (table.tags, table.likes, table.views)),
        codes={name: two_more(own) for name, own in table.codes.items()},
    )
    with pytest.raises(ValueError, match="'item_id' has items 41 to 42, which train"):
        within_vocabulary(wider, weights, given)
    fit, fit_weights = within_vocabulary(wider, weights, params("pad", dropout=dropout))
    assert torch.equal(scores(fit, fit_weights, given), scores(table, weights, given))
    rows = fit_weights["items.features.item_id.row_of_item"]
    vectors = fit_weights["items.features.item_id.table.weight"]
    own = weights["items.features.item_id.table.weight"]
    unknown = own[-1] if dropout else torch.zeros_like(own[-1])
    for item in (41, 42):
        assert torch.equal(vectors[rows[item]], unknown)
    if dropout:
        assert torch.equal(vectors[rows[5]], own[-1])
    assert torch.equal(vectors[rows[40]], own[40])


def test_a_model_without_tags_and_ids_checks_neither(table):
    given = ctr_params(features={"item_id": False, "tags": False})
    weights = trained(table, given)
    tags = np.where(table.tags > 0, 900, 0)
    fit, _ = within_vocabulary(replace(table, tags=tags), weights, given)
    assert np.array_equal(fit.tags, tags)
