"""Going on from a model: known items score as before, and what is new has a start."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from killed_trainings import KillAt, Killed, require_equal
from worlds import (
    N_ITEMS,
    click_log,
    ctr_params,
    log_with_statistics,
    random_table,
    with_vectors,
)

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.field_columns import FieldColumns, FieldSpec
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models import MODELS
from mmctr.ctr.prediction import ClickPredictor, predict_clicks
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.going_on import Parent, nearest_items, replayed_rows
from mmctr.data.fields.field import FIRST, UNKNOWN

EARLIER = 30
"""Items of the earlier model, some of those of the later one in another order."""


def taken(table: ItemTable, items: np.ndarray) -> ItemTable:
    """Some items of a table."""
    return ItemTable(
        len(items) - 1,
        {name: own[items] for name, own in table.codes.items()},
        {name: own[items] for name, own in table.vectors.items()},
        table.fields.take(items),
    )


class World:
    """A log whose later part has items that its earlier part lacks."""

    def __init__(self, seed: int = 7, **options) -> None:
        """Draw it; options are the parameters' sections."""
        rng = np.random.default_rng(seed)
        self.params = ctr_params(**options)
        self.later = with_vectors(rng, random_table(rng))
        # Row i of the earlier table is this item of the later one.
        self.order = np.append(0, rng.permutation(N_ITEMS)[:EARLIER] + 1)
        self.earlier = taken(self.later, self.order)
        # The last codes are new.
        for own in self.earlier.codes.values():
            np.minimum(own, own.max() - 1, out=own)
        for name, own in self.later.codes.items():
            own[self.order] = self.earlier.codes[name]
        self.number = np.zeros(N_ITEMS + 1, np.int64)
        self.number[self.order] = np.arange(EARLIER + 1)
        self.rng = rng

    def logs(self, rows: int, **options) -> tuple[ClickLog, ClickLog]:
        """The same rows of known items, in the numbers of both tables."""
        log = click_log(self.rng, rows, n_items=EARLIER, **options)
        return log, self.renumbered(log)

    def renumbered(self, log: ClickLog) -> ClickLog:
        """Rows of the earlier items in the later numbers."""
        return replace(
            log,
            target=self.order[log.target],
            history=self.order[log.history].astype(np.int32),
        )

    def parent(self, log: ClickLog) -> Parent:
        """A model of the earlier items, trained on rows of theirs."""
        valid = click_log(self.rng, 120, n_items=EARLIER)
        valid = replace(
            valid,
            statistics=log.statistics[:120],
            statistic_names=log.statistic_names,
            fields=log.fields.take(np.arange(120)),
        )
        trained = train_ctr_model(
            self.earlier, log, valid, np.arange(120) // 4, self.params
        )
        seen = log.item_counts(EARLIER) > 0
        model = ClickPredictor(
            self.earlier, trained.weights, self.params, log.fields.specs
        ).members[0]
        return Parent(model, self.number, seen[self.number] & (self.number > 0))


def before_any_step(world: World, parent: Parent, train: ClickLog, valid: ClickLog):
    """The weights that a training goes on with."""
    params = world.params
    going_on = params.going_on.model_copy(update={"max_epochs": 0})
    params = params.model_copy(update={"going_on": going_on})
    groups = np.arange(len(valid)) // 4
    return train_ctr_model(world.later, train, valid, groups, params, parent=parent)


@pytest.mark.parametrize(
    "model",
    [
        *({"code_entry": x} for x in ("bag", "positional", "concat", "prefix")),
        {"item_id_dropout": 0.3},
        *({"name": name} for name in MODELS if name != "din"),
    ],
)
def test_known_items_score_as_before_whatever_is_new(model):
    world = World(
        features={"content": "codes+continuous+similarity+matches"},
        model=model,
        training={"max_epochs": 1, "batch_size": 64},
    )
    earlier, later = world.logs(400)
    parent = world.parent(earlier)
    found = before_any_step(world, parent, click_log(world.rng, 200), later)
    assert found.history["best_step"] == found.history["steps"] == 0
    expected = predict_clicks(
        world.earlier, parent.model.state_dict(), earlier, world.params
    )
    scores = predict_clicks(world.later, found.weights, later, world.params)
    assert np.allclose(scores, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("start", ["neighbours", "unknown"])
def test_the_id_of_a_new_item_starts_from_similar_ones_or_unknown_ones(start):
    world = World(
        features={"content": "none"},
        model={"item_id_dropout": 0.3},
        training={"max_epochs": 1, "batch_size": 64},
    )
    params = world.params.model_copy(
        update={
            "going_on": world.params.going_on.model_copy(update={"new_items": start})
        }
    )
    world.params = params
    earlier, later = world.logs(400)
    parent = world.parent(earlier)
    train = click_log(world.rng, 400)
    weights = before_any_step(world, parent, train, later).weights
    table = weights["items.features.item_id.table.weight"]
    old = parent.model.state_dict()["items.features.item_id.table.weight"]
    counts = train.item_counts(N_ITEMS)
    new = np.flatnonzero((counts > 0) & (world.number == 0))
    assert len(new) > 3
    known = np.flatnonzero(parent.in_train)
    nearest = nearest_items(world.later.vectors, new, known)
    for item, others in zip(new, nearest, strict=True):
        expected = old[-1]
        if start == "neighbours" and others.any():
            expected = old[world.number[others]].mean(0)
        assert torch.allclose(table[item], expected, atol=1e-6)


def test_new_values_of_fields_and_of_their_pairs_start_as_unknown_ones():
    specs = (FieldSpec("a", FIRST + 2), FieldSpec("b", FIRST + 3))
    longer = (FieldSpec("a", FIRST + 4), FieldSpec("b", FIRST + 5))
    rng = np.random.default_rng(1)

    def fields(of, codes: np.ndarray) -> FieldColumns:
        inner = of[1].size
        cross = FieldSpec("a*b", of[0].size * inner, is_cross=True, inner=inner)
        pairs = codes[:, 0] * inner + codes[:, 1]
        values = np.zeros((len(codes), 0), np.float32)
        return FieldColumns((*of, cross), np.column_stack([codes, pairs]), values)

    world = World(training={"max_epochs": 2, "batch_size": 64, "learning_rate": 0.05})
    earlier, later = world.logs(400)
    codes = rng.integers(UNKNOWN, FIRST + 2, (400, 2))
    earlier = replace(earlier, fields=fields(specs, codes))
    parent = world.parent(earlier)
    changed = np.where(codes == UNKNOWN, FIRST + 3, codes)
    for place, same in enumerate((codes, changed)):
        valid = replace(later, fields=fields(longer, same))
        found = before_any_step(world, parent, valid, valid)
        scores = predict_clicks(world.later, found.weights, valid, world.params)
        expected = predict_clicks(
            world.earlier, parent.model.state_dict(), earlier, world.params
        )
        # A is known up to FIRST + 1 and b up to FIRST + 2: both changes are unknown.
        assert np.allclose(scores, expected, rtol=0, atol=1e-6), place


def test_statistics_keep_the_scales_of_the_earlier_model():
    kinds = ["popularity", "lexical"]
    world = World(
        features={"statistics": kinds}, training={"max_epochs": 1, "batch_size": 64}
    )
    rows = log_with_statistics(world.rng, 400, kinds)
    earlier = replace(
        rows,
        target=(rows.target - 1) % EARLIER + 1,
        history=(rows.history - 1) % EARLIER + 1,
    )
    parent = world.parent(earlier)
    later = world.renumbered(earlier)
    moved = replace(later, statistics=later.statistics * 3 + 1)
    found = before_any_step(world, parent, moved, later)
    expected = predict_clicks(
        world.earlier, parent.model.state_dict(), earlier, world.params
    )
    scores = predict_clicks(world.later, found.weights, later, world.params)
    assert np.allclose(scores, expected, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="start_from belong to other row statistics"):
        fewer = later.with_statistics(["lexical"])
        before_any_step(world, parent, fewer, fewer)


def test_another_size_is_refused():
    world = World(training={"max_epochs": 1, "batch_size": 64})
    earlier, later = world.logs(200)
    parent = world.parent(earlier)
    world.params = ctr_params(model={"dnn_units": [9, 7]})
    with pytest.raises(ValueError, match=r"weights .*give the same features and sizes"):
        before_any_step(world, parent, later, later)


def test_it_learns_on_and_a_stopped_training_resumes(tmp_path):
    world = World(
        training={"max_epochs": 3, "batch_size": 32, "learning_rate": 0.02},
    )
    going_on = world.params.going_on.model_copy(update={"max_epochs": 2})
    world.params = world.params.model_copy(update={"going_on": going_on})
    earlier, later = world.logs(400)
    parent = world.parent(earlier)
    train = click_log(world.rng, 320)
    given = (world.later, train, later, np.arange(len(later)) // 4, world.params)
    trained = train_ctr_model(*given, parent=parent)
    assert trained.history["steps"] == 2 * 10
    assert trained.history["validations"][0]["step"] == 0
    rate = trained.history["validations"][1]["learning_rate"]
    assert rate == pytest.approx(0.02 * world.params.going_on.learning_rate_factor)
    with pytest.raises(Killed):
        train_ctr_model(
            *given, parent=parent, callbacks=[KillAt(13)], checkpoints=tmp_path
        )
    require_equal(train_ctr_model(*given, parent=parent, checkpoints=tmp_path), trained)


def test_earlier_groups_are_replayed_as_a_whole_and_later_rows_are_all_there():
    groups = np.repeat(np.arange(1000), 4)
    later = groups >= 800
    rows = replayed_rows(later, groups, 0.25, seed=1)
    kept, counts = np.unique(groups[rows], return_counts=True)
    assert (counts == 4).all() and set(range(800, 1000)) <= set(kept.tolist())
    assert 150 < (kept < 800).sum() < 250
    assert np.array_equal(replayed_rows(later, groups, 0.0, 1), np.flatnonzero(later))
    assert len(replayed_rows(later, groups, 1.0, 1)) == 4000
