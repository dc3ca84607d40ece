"""On impressions without taste, statistics say no more than the item's click rate."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.row_statistics.known_events import read_events
from mmctr.data.row_statistics.params import KINDS, RowStatisticsParams
from mmctr.data.row_statistics.table import StatisticsSource, add_statistics
from mmctr.data.train_items import items_in_train
from mmctr.evaluation import auc
from mmctr.evaluation.boosted_trees import fit_trees
from mmctr.evaluation.params import BoostedTreesParams

pytestmark = pytest.mark.system

N_USERS, N_ITEMS, SCREENS, SHOWN = 3_000, 400, 6, 5
HOUR = 3_600
NO_TRACE = 0.013


class Log(NamedTuple):
    """Impressions in time order, each array ``[events]``, and who could tell."""

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    labels: np.ndarray
    rates: np.ndarray
    """The chance that each event's item is clicked, whoever sees it."""


def without_taste(rng: np.random.Generator, *, clock: bool) -> Log:
    """Every item has a click rate; what users are shown and click depends on it."""
    item_rates = rng.beta(2, 8, N_ITEMS)
    shape = (N_USERS, SCREENS, SHOWN)
    users = np.broadcast_to(np.arange(N_USERS)[:, None, None], shape)
    popular = rng.dirichlet(np.full(N_ITEMS, 0.5))
    items = rng.choice(N_ITEMS, shape, p=popular)
    if clock:
        times = np.sort(rng.integers(0, 60 * 24 * HOUR, shape[:2]), axis=1)
    else:
        times = np.broadcast_to(np.arange(1, SCREENS + 1), shape[:2])
    times = np.broadcast_to(times[:, :, None], shape)
    labels = rng.random(shape) < item_rates[items]
    columns = (users, items + 1, times, labels.astype(np.int8), item_rates[items])
    order = np.argsort(times.ravel(), kind="stable")
    return Log(*(column.ravel()[order] for column in columns))


def rows_of(log: Log) -> pa.Table:
    """Every impression with the user's earlier clicks."""
    clicks: dict[int, list[tuple[int, int]]] = {}
    histories = []
    for user, item, time, label, _ in zip(*log, strict=True):
        mine = clicks.setdefault(user, [])
        histories.append([each for each, at in mine if at < time])
        if label:
            mine.append((item, time))
    return pa.table(
        {
            "user_id": log.users,
            "item_id": log.items,
            "item_seq": pa.array(histories, pa.list_(pa.int32())),
            "timestamp": log.times,
            "as_of": log.times,
            "label": log.labels,
        }
    )


def auc_of_trees(log: Log, *, clock: bool) -> tuple[float, float]:
    """Of trees on all statistics, and of the true click rates, on test."""
    rows = rows_of(log)
    at = (0.7, 0.85) if clock else (0.6, 0.8)
    borders = np.quantile(log.times, at, method="higher")
    part = np.searchsorted(borders, log.times, side="right")
    train, valid, test = (rows.filter(pa.array(part == each)) for each in range(3))
    known = read_events(
        rows.select(["user_id", "item_id", "timestamp", "label"]),
        clock=clock,
        valid_from=int(borders[0]),
    )
    nothing = pa.array([[]] * (N_ITEMS + 1), pa.list_(pa.int32()))
    source = StatisticsSource(
        known.clicks,
        [""] * N_ITEMS,
        items_in_train(train, N_ITEMS),
        pa.table(dict.fromkeys(("title_codes", "image_codes"), nothing)),
        {},
        RowStatisticsParams.model_validate({"kinds": KINDS}),
        known.rates,
    )
    tables = [add_statistics(each, source) for each in (train, valid, test)]
    names = [name for name in tables[0].column_names if "." in name]
    assert "rates.lift" in names
    features = [
        np.column_stack([table[name].to_numpy() for name in names]) for table in tables
    ]
    labels = [table["label"].to_numpy() for table in tables]
    trees = fit_trees(
        features[0],
        labels[0],
        features[1],
        labels[1],
        names,
        BoostedTreesParams(max_rounds=200),
        seed=1,
    )
    found = auc(labels[2], trees.predict(features[2]))
    return found, auc(labels[2], log.rates[part == 2])


@pytest.mark.parametrize("clock", [True, False], ids=["clock", "order"])
def test_trees_find_the_items_click_rates_and_no_more(clock):
    log = without_taste(np.random.default_rng(1), clock=clock)
    found, best = auc_of_trees(log, clock=clock)
    assert best > 0.6
    assert found < best + NO_TRACE
    # Most of it is found: rates are learned of what others were shown.
    assert found > best - 0.05


@pytest.mark.parametrize("clock", [True, False], ids=["clock", "order"])
def test_permuted_labels_leave_nothing_to_find(clock):
    rng = np.random.default_rng(2)
    log = without_taste(rng, clock=clock)
    found, _ = auc_of_trees(
        log._replace(labels=rng.permutation(log.labels)), clock=clock
    )
    assert found == pytest.approx(0.5, abs=NO_TRACE)
