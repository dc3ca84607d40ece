"""Presets are read from their files, and their models have the published sizes."""

import numpy as np
import pytest

from benchmarks import presets
from benchmarks.world import Shape, click_log
from mmctr.ctr.models import model_class
from mmctr.ctr.models.interest_model import InterestModel

SMALL = Shape(items=60, positions=4, codes=8, tags=9)
# Columns of an item; of the head's inputs: row levels, item, interest, comparisons.
WIDTHS = {
    "reference": (384, 128 + 2 * 384),
    "tol1ve": (384, 128 + 3 * 384),
    "gavin113": (384, 128 + 3 * 384),
    "momo": (256, 128 + 3 * 256),
    "target_only": (256, 128 + 256),
    "ours": (256, 64 + 3 * 256 + 2 * 32),
}


@pytest.mark.parametrize("name", WIDTHS)
def test_a_presets_model_has_its_published_widths(name):
    params = presets.preset_params(name)
    items = presets.preset_items(params, SMALL)
    log = click_log(SMALL, 4, 1)
    seen = np.ones(items.n_items + 1, bool)
    model: InterestModel = model_class(params.model.name)(
        items, seen, params, row_fields=log.fields.specs
    ).eval()
    first = next(x for x in model.head.modules() if hasattr(x, "in_features"))
    assert (model.items.width, first.in_features) == WIDTHS[name]
    assert model(log[np.arange(4)]).shape == (4,)


def test_costs_are_beside_the_references():
    found = presets.run(1, lambda _, given: {"us_a_row": len(given["name"])})
    assert set(found) == {presets.REFERENCE, *presets.PRESETS}
    assert found["momo"]["times_reference"] == pytest.approx(4 / 9)
