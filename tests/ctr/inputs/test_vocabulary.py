"""A model, and an item table with values unknown to it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from worlds import N_ITEMS, click_log, ctr_params, random_table, whole_batch

from mmctr.ctr.inputs.field_columns import FieldColumns
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.inputs.vocabulary import within_vocabulary
from mmctr.ctr.models.din.model import Din


def params(policy: str, *, dropout: float = 0.3):
    given = ctr_params(
        features={"item_id": True},
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
    assert np.array_equal(same.fields.codes, table.fields.codes)


def with_codes(table: ItemTable, codes: np.ndarray, more: int = 0) -> ItemTable:
    """The table with other codes, and more of each field."""
    specs = tuple(x._replace(size=x.size + more) for x in table.fields.specs)
    return replace(table, fields=FieldColumns(specs, codes, table.fields.values))


@pytest.mark.parametrize(
    ("column", "place", "value"),
    [("likes", 5, 15), ("views", 6, -1), ("tags", 0, 12), ("tags", 2, -2)],
)
def test_values_outside_the_vocabulary(table, column, place, value):
    given = params("strict")
    weights = trained(table, given)
    changed, padded = table.fields.codes.copy(), table.fields.codes.copy()
    changed[7, place], padded[7, place] = value, 0
    odd = with_codes(table, changed, more=1)
    said = rf"'field_{column}' has 1 .* rows \[7\] .*{value}"
    with pytest.raises(ValueError, match=said):
        within_vocabulary(odd, weights, given)
    fit, fit_weights = within_vocabulary(odd, weights, params("pad"))
    assert np.array_equal(fit.fields.codes, padded)
    expected = with_codes(table, padded)
    _, sized = within_vocabulary(expected, weights, given)
    assert torch.equal(scores(fit, fit_weights, given), scores(expected, sized, given))
    assert np.array_equal(odd.fields.codes, changed)


def test_the_largest_known_values_are_known(table):
    given = params("strict")
    weights = trained(table, given)
    codes = table.fields.codes.copy()
    codes[1:, 5] = 14
    assert codes[:, :5].max() == 11
    within_vocabulary(with_codes(table, codes), weights, given)


@pytest.mark.parametrize("dropout", [0.3, 0.0])
def test_items_after_the_last_one_get_the_vector_of_unknown_items(table, dropout):
    given = params("strict", dropout=dropout)
    weights = trained(table, given)

    def two_more(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, values[[1, 2]]])

    fields = table.fields
    wider = ItemTable(
        N_ITEMS + 2,
        fields=replace(
            fields, codes=two_more(fields.codes), values=two_more(fields.values)
        ),
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
    given = ctr_params(features={"item_id": False, "without": ["tags"]})
    weights = trained(table, given)
    codes = table.fields.codes.copy()
    codes[1:, :5] = 900
    fit, _ = within_vocabulary(with_codes(table, codes), weights, given)
    assert fit.fields.codes.max() < 900
