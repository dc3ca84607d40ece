"""Fields in the model: of items, of users and of rows."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from mmctr.ctr.features.fields import FieldVectors
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.field_columns import FieldColumns, FieldSpec
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.data.fields.field import FIRST, UNKNOWN
from mmctr.evaluation.metrics import auc
from tests.helpers.worlds import N_ITEMS, ctr_params, random_table, rows_table

SEEN = np.ones(N_ITEMS + 1, bool)
SPECS = (
    FieldSpec("shop", 9),
    FieldSpec("tags", 7, 3, is_hidden=False),
    FieldSpec("price", 20, 1, True),
    FieldSpec("stars", 8, is_level=True, is_hidden=False),
)


def column(name: str, codes: list, size: int, width: int = 1) -> tuple:
    kind = pa.int32() if width == 1 else pa.list_(pa.int32())
    kinds = {"tags": "tags", "stars": "level"}
    facts = {"size": str(size), "width": str(width), "side": "row"}
    facts |= {"kind": kinds.get(name, "category"), "known_only": str(name in kinds)}
    return pa.field(f"field_{name}", kind, metadata=facts), pa.array(codes, kind)


def table(*columns: tuple, **values: list) -> pa.Table:
    found = pa.Table.from_arrays(
        [array for _, array in columns], schema=pa.schema([each for each, _ in columns])
    )
    for name, numbers in values.items():
        found = found.append_column(f"value_{name}", pa.array(numbers, pa.float32()))
    return found


def small() -> pa.Table:
    return table(
        column("shop", [4, 2], 9),
        column("tags", [[5], [4, 6, 1]], 7, 3),
        column("price", [5, 1], 20),
        column("stars", [7, 1], 8),
        price=[9.0, float("nan")],
    )


def item_fields(rng: np.random.Generator) -> FieldColumns:
    codes = rng.integers(1, 7, (N_ITEMS + 1, 6))
    codes[0] = codes[3:9, 1:4] = 0
    values = rng.normal(size=(N_ITEMS + 1, 1)).astype(np.float32)
    values[0] = 0
    return FieldColumns(SPECS, codes, values)


def vectors() -> FieldVectors:
    return FieldVectors(SPECS, 4, dropout=0.5, seed=1, layer=9, padded=True)


def test_columns_are_read_side_by_side():
    found = FieldColumns.from_arrow(small())
    assert found.specs == SPECS
    assert found.codes.tolist() == [[4, 5, 0, 0, 5, 7], [2, 4, 6, 1, 1, 1]]
    assert found.values.tolist() == [[4.0], [0.0]]  # cut, and the mean where missing
    some = FieldColumns.from_arrow(small(), ["tags"])
    assert some.codes.tolist() == [[5, 0, 0], [4, 6, 1]]
    assert some.values.shape == (2, 0)


def test_a_cross_has_a_code_per_pair():
    found = FieldColumns.from_arrow(small(), ["shop"], ["shop*price"])
    assert [spec.name for spec in found.specs] == ["shop", "shop*price"]
    assert found.codes.tolist() == [[4, 4 * 20 + 5], [2, 2 * 20 + 1]]
    assert found.specs[1].size == 180


def test_a_cross_with_tags_has_a_code_per_tag_and_none_behind_the_last():
    found = FieldColumns.from_arrow(small(), ["shop"], ["shop*tags"])
    assert found.specs[1].width == 3
    size = found.specs[1].size // 9
    first, second = ([5, 0, 0], [4, 6, 1])
    expected = [
        [4, *(4 * size + tag if tag else 0 for tag in first)],
        [2, *(2 * size + tag if tag else 0 for tag in second)],
    ]
    assert found.codes.tolist() == expected


@pytest.mark.parametrize(
    ("cross", "words"),
    [
        ("shop", "'shop' is no pair"),
        ("shop*prize", "no such field: did you mean 'price'"),
        ("tags*tags", "both fields of tags\\*tags are tags"),
    ],
)
def test_a_cross_that_is_none_is_refused(cross, words):
    with pytest.raises(ValueError, match=words):
        FieldColumns.from_arrow(small(), "all", [cross])


def test_vectors_stand_side_by_side_and_tags_are_averaged():
    """Few levels come last; of stars and tags only values have vectors."""
    layer = vectors().eval()
    found = layer(torch.tensor([[4, 5, 6, 0, 7, 6]]), torch.tensor([[1.5]]))
    own = {name: layer.table.weight[rows] for name, rows in layer.table.rows.items()}
    tags = (own["tags"][5 - FIRST] + own["tags"][6 - FIRST]) / 2
    free = torch.cat([own["shop"][3], own["price"][6], tags, torch.tensor([1.5])])
    torch.testing.assert_close(found.free[0], free)
    stars = own["stars"][6 - FIRST]
    torch.testing.assert_close(found.whole()[0], torch.cat([free, stars]))
    assert found.levels.vectors.shape == (1, 5, 4)
    assert layer.width == 17


def test_what_train_lacks_has_the_vector_zero_and_padding_has_none():
    layer = vectors().eval()
    for code in range(FIRST):
        codes = torch.full((1, 6), code)
        assert not layer(codes, torch.zeros(1, 1)).whole().any()
    nothing = layer.train()(torch.full((8, 6), 0), torch.zeros(8, 1))
    nothing.whole().sum().backward()
    assert not layer.table.weight.grad.any()


def test_hidden_values_train_the_unknown_one():
    layer = vectors().train()
    codes = torch.full((64, 6), FIRST)
    layer(codes, torch.zeros(64, 1)).whole().sum().backward()
    trained = layer.table.weight.grad[:, 0].nonzero().flatten().tolist()
    shop, tags, price, stars = (rows.start for rows in layer.table.rows.values())
    hidden = [start + code - 1 for start in (shop, price) for code in (UNKNOWN, FIRST)]
    assert trained == sorted([*hidden, tags, stars])


def test_items_have_their_fields_in_target_and_history():
    rng = np.random.default_rng(0)
    items = replace(random_table(rng), fields=item_fields(rng))
    model = Din(items, SEEN, ctr_params())
    assert model.items.features["fields"].width == 17
    chosen = Din(items, SEEN, ctr_params(features={"fields": ["shop"]}))
    assert chosen.items.features["fields"].width == 4
    less = Din(items, SEEN, ctr_params(features={"without": ["shop", "tags"]}))
    assert less.items.names == ["item_id", "price", "stars", "title_codes"] + [
        "image_codes"
    ]
    without = Din(items, SEEN, ctr_params(features={"fields": []}))
    assert "fields" not in without.items.features
    padding = model.items.features["fields"](torch.tensor([0]))
    assert not padding.whole().any()


def log_with_country(rng: np.random.Generator, rows: int, sure: float) -> ClickLog:
    """Rows that users of even countries click, and others do not."""
    found = rows_table(rng, rows)
    country = rng.integers(FIRST, FIRST + 6, rows)
    likely = np.where(country % 2 == 0, sure, 1 - sure)
    labels = (rng.random(rows) < likely).astype(np.int8)
    place = found.column_names.index("label")
    found = found.set_column(place, "label", pa.array(labels))
    field, array = column("country", country, FIRST + 6)
    return ClickLog.from_arrow(
        found.append_column(field, array), 100, N_ITEMS, fields="all"
    )


def train(log: ClickLog, valid: ClickLog, **features) -> tuple[ItemTable, dict, object]:
    items = random_table(np.random.default_rng(1))
    params = ctr_params(
        features=features,
        training={"max_epochs": 4, "batch_size": 64, "learning_rate": 0.02},
    )
    groups = np.arange(len(valid))
    return items, train_ctr_model(items, log, valid, groups, params).weights, params


def test_an_effect_of_the_users_field_is_learnt():
    rng = np.random.default_rng(2)
    log, valid = (log_with_country(rng, n, 0.9) for n in (1_500, 600))
    items, weights, params = train(log, valid, fields=["country"])
    scores = predict_clicks(items, weights, valid, params)
    assert auc(valid.label, scores) > 0.85
    # The effect is the field's: with codes that nobody had, nothing is known.
    nobody = replace(valid.fields, codes=np.full_like(valid.fields.codes, UNKNOWN))
    unknown = predict_clicks(items, weights, replace(valid, fields=nobody), params)
    assert abs(auc(valid.label, unknown) - 0.5) < 0.1
    assert 0.2 < unknown.mean() < 0.8


def test_a_field_that_nothing_has_is_refused():
    rng = np.random.default_rng(3)
    log = log_with_country(rng, 60, 0.9)
    with pytest.raises(ValueError, match="names 'contry'.*did you mean 'country'"):
        train(log, log, fields=["contry"])


def test_a_star_in_the_name_of_a_column_makes_no_cross():
    found = FieldColumns.from_arrow(table(column("a*b", [4, 5], 6)))
    assert [spec.name for spec in found.specs] == ["a*b"]
    vectors = FieldVectors(found.specs, 4, dropout=0.0, seed=1, layer=0, padded=False)
    made = vectors(torch.tensor([[FIRST]]), torch.zeros(1, 0)).whole()
    assert made.abs().sum() > 0
