"""Added items meet a model whose layers keep the sizes of training."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from worlds import (
    N_ITEMS,
    as_arrow,
    click_log,
    ctr_params,
    random_table,
    with_vectors,
)

from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.prediction import ClickPredictor, predict_clicks
from mmctr.serving.fitted_items import fitted_items


def bundle_of(table: ItemTable, rows: np.ndarray, params) -> SimpleNamespace:
    """What is read of a bundle: the items of training, then some of them again."""
    order = np.append(np.arange(N_ITEMS + 1), rows)
    grown = as_arrow(table).take(pa.array(order))
    numbers = pa.array(np.arange(len(order), dtype=np.int32))
    return SimpleNamespace(
        facts=SimpleNamespace(ctr=params, trained_items=N_ITEMS),
        item_table=grown.set_column(0, "item_id", numbers),
        vectors={name: own[order] for name, own in table.vectors.items()},
    )


FORMS = [
    *({"code_entry": entry} for entry in ("bag", "positional", "concat", "prefix")),
    {"content": "codes+matches+similarity+continuous", "item_id": True},
    {"content": "codes", "item_id": True, "item_id_min_rows": 4},
    {"content": "continuous+similarity", "vectors": "decoded"},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_added_items_score_as_their_twins_and_change_no_other(form):
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    model = {"code_entry": form.get("code_entry", "positional")}
    features = {"item_id": False} | form
    features.pop("code_entry", None)
    # With dropout new ids have a vector that is trained.
    params = ctr_params(features=features, model=model | {"item_id_dropout": 0.3})
    twins = np.array([5, 9, 17])
    counts = np.full(N_ITEMS + 1, 9)
    counts[twins] = 0  # their ids are as new as those of the added
    model = Din(table, counts, params)
    weights = {name: x.detach().clone() for name, x in model.state_dict().items()}
    log = click_log(rng, 120)
    expected = predict_clicks(table, weights, log, params)

    found = fitted_items(bundle_of(table, twins, params), weights)
    predictor = ClickPredictor(*found)
    assert np.allclose(predictor.predict(log), expected, atol=1e-7)
    changed = {old: N_ITEMS + 1 + place for place, old in enumerate(twins)}
    renamed = SimpleNamespace(**vars(log))
    for name in ("target", "history"):
        array = getattr(log, name).copy()
        for old, new in changed.items():
            array[array == old] = new
        setattr(renamed, name, array)
    renamed = type(log)(**vars(renamed))
    assert renamed.target.max() > N_ITEMS
    assert np.allclose(predictor.predict(renamed), expected, atol=1e-7)


@pytest.mark.parametrize("entry", ["bag", "positional", "concat", "prefix"])
def test_codes_and_tags_that_training_lacks_are_padding(entry):
    rng = np.random.default_rng(1)
    table = random_table(rng)
    params = ctr_params(model={"code_entry": entry})
    model = Din(table, np.ones(N_ITEMS + 1, bool), params)
    bundle = bundle_of(table, np.array([3]), params)
    rows = bundle.item_table.to_pylist()
    rows[-1] |= {"title_codes": [99] * 6, "field_tags": [99, 4]}
    bundle.item_table = pa.Table.from_pylist(rows, bundle.item_table.schema)
    found = ClickPredictor(*fitted_items(bundle, model.state_dict()))
    log = replace(click_log(rng, 8), target=np.full(8, N_ITEMS + 1))
    assert np.isfinite(found.predict(log)).all()
