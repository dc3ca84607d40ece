"""What every model and head must do, with every form of content."""

import numpy as np
import pytest
import torch
from fuxi_din import pad
from worlds import (
    N_ITEMS,
    ROW_LEVELS,
    click_log,
    ctr_params,
    random_table,
    whole_batch,
    with_items,
    with_vectors,
)

from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.models import MODELS, model_class
from mmctr.ctr.models.base import CtrModel
from mmctr.ctr.models.heads import HEADS
from mmctr.data.fields.field import FIRST

SEEN = np.ones(N_ITEMS + 1, bool)
ALL = "codes+continuous+similarity+matches"
FORMS = [
    {"content": ALL},
    {"content": "none"},
    {"content": "codes", "code_entry": "bag"},
    {"content": "codes", "code_entry": "concat"},
    {"content": "codes", "code_entry": "prefix", "item_id": False},
]


def trained(name: str, form: dict, **model: object) -> CtrModel:
    """A model as if trained, in evaluation."""
    form = dict(form)
    entry = form.pop("code_entry", "positional")
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    params = ctr_params(
        features=form, model={"name": name, "code_entry": entry, **model}
    )
    made = model_class(name)(
        table, SEEN, params, row_fields=ROW_LEVELS, empty_history=True
    )
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05)
        for table in made.embedding_tables():
            table[0] = 0
    return made.eval()


@pytest.fixture
def batch():
    """Sixteen rows, histories of 0 to 7 items."""
    return whole_batch(click_log(np.random.default_rng(1), 16, levels=True))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("form", FORMS, ids=lambda x: x["content"])
@torch.inference_mode()
def test_a_row_is_scored_by_its_own_target_and_history_alone(name, form, batch):
    model = trained(name, form)
    before = model(batch)
    log = click_log(np.random.default_rng(1), 16, levels=True)
    order = np.random.default_rng(2).permutation(16)
    torch.testing.assert_close(model(log[order]), before[order])
    alone = torch.cat([model(log[np.array([row])]) for row in range(16)])
    torch.testing.assert_close(alone, before, rtol=1e-5, atol=1e-6)
    changed = model(with_items(batch, history=batch.history % N_ITEMS + 1)) != before
    has_history = torch.bincount(batch.segment, minlength=16) > 0
    assert not changed[~has_history].any()
    compares = ALL in form["content"]
    if model.reads_history or compares:
        assert changed[has_history].float().mean() > 0.5
    else:
        assert not changed.any()


def candidates(items: torch.Tensor, history: list[int], rows: int) -> Batch:
    """Rows of which the first have the history, and those behind have none."""
    shared = len(items) - rows
    return Batch.of(
        target=items,
        history=torch.tensor(history).repeat(shared),
        segment=torch.arange(shared).repeat_interleave(len(history)),
        statistics=torch.zeros(len(items), 0),
        label=torch.zeros(len(items)),
        weight=torch.zeros(0),
    )._replace(field_codes=torch.full((len(items), 2), FIRST))


@pytest.mark.parametrize("name", MODELS)
@torch.inference_mode()
def test_candidates_of_a_request_have_the_scores_of_rows_among_others(name):
    model, history = trained(name, {"content": ALL}), [3, 9, 3, 1, 22, 8]
    items = torch.arange(1, N_ITEMS + 1)
    request = candidates(items, history, 0)
    others = candidates(torch.cat([items, items[:1]]), history, 1)
    expected = model(others)[:-1]
    torch.testing.assert_close(model(request), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        model.history_weights(request),
        model.history_weights(others),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("name", MODELS)
@torch.inference_mode()
def test_the_padded_model_scores_the_same(name, head, batch):
    model = trained(name, FORMS[0], head=head, quadratic={"layers": 2})
    padded = model.padded(N_ITEMS, 100).eval()
    rows = pad(batch, extra=2)
    levels = {"field_codes": batch.field_codes}
    found = padded(rows.target, rows.history, **levels)
    torch.testing.assert_close(found, model(batch), rtol=1e-4, atol=1e-4)
    newest = pad(batch).history[:, -2:]
    shorter = model.padded(N_ITEMS, 2).eval()(rows.target, rows.history, **levels)
    expected = padded(rows.target, newest, **levels)
    torch.testing.assert_close(shorter, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [x for x in MODELS if x != "target_only"])
@torch.inference_mode()
def test_every_position_of_the_history_has_a_weight(name, batch):
    """What explanations show."""
    model = trained(name, {"content": "codes"})
    weights = model.history_weights(batch)
    assert weights.shape == batch.history.shape
    assert weights.isfinite().all() and weights.any()
    if name in ("mean_pool", "mhta", "stca"):
        sums = torch.zeros(16).index_add(0, batch.segment, weights)
        has_history = torch.bincount(batch.segment, minlength=16) > 0
        torch.testing.assert_close(sums[has_history], torch.ones(has_history.sum()))


@pytest.mark.parametrize("name", MODELS)
def test_a_learned_vector_stands_for_an_empty_history(name, batch):
    model = trained(name, {"content": "codes"})
    before = model(batch).detach()
    if name == "target_only":
        assert model.empty_history is None
        return
    with torch.no_grad():
        model.empty_history += 1
    empty = torch.bincount(batch.segment, minlength=16) == 0
    changed = (model(batch) - before).abs() > 1e-6
    assert empty.any()
    assert changed.equal(empty)


@pytest.mark.parametrize("name", MODELS)
def test_autocast_computes_about_the_same(name, batch):
    model = trained(name, FORMS[0])
    expected = model(batch)
    with torch.autocast("cpu", torch.bfloat16):
        found = model(batch)
    assert found.isfinite().all()
    assert (found.float() - expected).abs().mean() < 0.1 * expected.std() + 0.05
    found.float().sum().backward()
    assert all(x.grad is None or x.grad.isfinite().all() for x in model.parameters())
