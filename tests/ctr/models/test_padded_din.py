"""The padded model, which exports are made of, computes what Din computes."""

import numpy as np
import pytest
import torch
from fuxi_din import pad
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    N_ITEMS,
    ctr_params,
    log_with_statistics,
    random_table,
    whole_batch,
    with_vectors,
)

from mmctr.ctr.features.row_statistics import StatisticScales
from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.inputs.field_columns import FieldSpec
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.models.padded import PaddedModel

SEEN = np.arange(N_ITEMS + 1) % 5 > 0
KINDS = ["popularity", "lexical"]
FIELDS = (
    FieldSpec("position", 7, has_value=True),
    FieldSpec("hour", 40),
    FieldSpec("interests", 9, width=3),
    FieldSpec("position*device", 20, is_cross=True),
)
ALL = "codes+continuous+similarity+matches"
FORMS = [
    {"content": "none"},
    {"content": ALL, "without": ["tags", "views"]},
    {"content": ALL, "vectors": "decoded", "modalities": ["title"]},
    {"content": "similarity", "item_id": False},
    *({"content": "codes", "code_entry": x} for x in ("bag", "concat", "prefix")),
    {"content": "similarity", "counts": "share", "empty_history": False},
]


def model_and_batch(
    seed: int, form: dict, max_history: int = 100
) -> tuple[Din, PaddedModel, Batch]:
    """A model of random weights, its padded twin, and rows."""
    rng = np.random.default_rng(seed)
    options = dict(form)
    model = {
        "code_entry": options.pop("code_entry", "positional"),
        "similarity": {"counts": options.pop("counts", "log")},
    }
    empty = options.pop("empty_history", True)
    log = log_with_statistics(rng, 20, KINDS)
    din = Din(
        with_vectors(rng, random_table(rng)),
        SEEN,
        ctr_params(features=options, model=model, seed=seed % 1000),
        StatisticScales.fit(log.statistic_names, log.statistics, seed=0),
        FIELDS,
        empty_history=empty,
    ).eval()
    torch.manual_seed(seed)
    with torch.no_grad():
        for tensor in din.parameters():
            tensor.add_(torch.randn_like(tensor), alpha=0.1)
    batch = whole_batch(log)._replace(
        field_codes=torch.from_numpy(rng.integers(0, 7, (20, 6))),
        field_values=torch.randn(20, 1),
    )
    return din, din.padded(N_ITEMS, max_history).eval(), batch


def score_padded(
    padded: PaddedModel, batch: Batch, history: torch.Tensor
) -> np.ndarray:
    """Logits of the twin."""
    with torch.inference_mode():
        return padded(
            batch.target,
            history,
            batch.statistics,
            batch.field_codes,
            batch.field_values,
        ).numpy()


@given(seed=st.integers(0, 2**31), form=st.sampled_from(FORMS), extra=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_logits_are_those_of_din(seed, form, extra):
    din, padded, batch = model_and_batch(seed, form)
    with torch.inference_mode():
        expected = din(batch).numpy()
    history = pad(batch, extra=extra).history
    found = score_padded(padded, batch, history)
    assert found == pytest.approx(expected, abs=1e-5)
    # Zeros may stand anywhere.
    behind = torch.sort(history == 0, dim=1, stable=True).indices
    again = score_padded(padded, batch, history.gather(1, behind))
    assert again == pytest.approx(expected, abs=1e-5)


def test_of_a_history_the_newest_count_and_it_may_have_no_width():
    _, padded, batch = model_and_batch(1, FORMS[1], max_history=2)
    history = pad(batch).history
    newest = pad(batch).history[:, -2:]
    found = score_padded(padded, batch, history)
    assert found == pytest.approx(score_padded(padded, batch, newest), abs=1e-6)
    nothing = torch.zeros_like(history)
    none = score_padded(padded, batch, history[:, :0])
    assert none == pytest.approx(score_padded(padded, batch, nothing), abs=1e-6)
    assert not np.allclose(found, none)


def test_values_at_and_beyond_the_quantiles_are_those_of_din():
    din, padded, batch = model_and_batch(2, FORMS[0])
    points = din.row_statistics.points
    rows = torch.stack(
        [points[:, 0], points[:, 100], points[:, -1], points[:, 0] - 1]
        + [points[:, -1] + 1, torch.full_like(points[:, 0], torch.nan)]
    )
    found = padded.row_statistics(rows)
    assert torch.equal(found, din.row_statistics(rows))
