"""On a log without taste, statistics say nothing of which rows were clicked.

Negatives are drawn from clicks around the row's own, so a number that is counted a
little too late tells clicked rows from drawn ones. Here items come and go, their
popularity drifts and some users are heavy, but no user prefers an item. Users hold so
much of what is popular that negatives drawn without a look at who has them would tell.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from small_logs import DAY, arrow_table, make_params

from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource
from mmctr.data.row_statistics.event_log import EventLog
from mmctr.data.row_statistics.params import KINDS, RowStatisticsParams
from mmctr.data.row_statistics.table import StatisticsSource, add_statistics
from mmctr.data.train_items import items_in_train
from mmctr.evaluation import auc
from mmctr.evaluation.boosted_trees import fit_trees
from mmctr.evaluation.params import BoostedTreesParams

pytestmark = pytest.mark.system

DAYS, N_USERS, N_ITEMS, N_EVENTS = 500, 4_000, 2_000, 100_000
REPEATS = 1 / 3


class Rows(NamedTuple):
    """Statistics ``[R, C]`` and labels of a part, and the columns' names."""

    statistics: np.ndarray
    labels: np.ndarray
    names: list[str]


def clicks_without_taste(rng: np.random.Generator) -> pd.DataFrame:
    """Every click's item is drawn from the day's popularity, whoever clicks."""
    days = np.arange(DAYS)
    birth = rng.uniform(-200, DAYS, N_ITEMS)
    death = birth + rng.exponential(150, N_ITEMS)
    alive = (days[:, None] >= birth) & (days[:, None] < death)
    drift = np.zeros((DAYS, N_ITEMS))
    for today in days[1:]:
        drift[today] = 0.98 * drift[today - 1] + rng.normal(0, 0.15, N_ITEMS)
    weights = np.exp(rng.normal(0, 0.7, N_ITEMS) + drift) * alive
    activity = rng.lognormal(0, 1, N_USERS)
    day = np.sort(rng.integers(0, DAYS, N_EVENTS))
    items = np.empty(N_EVENTS, np.int64)
    for today, start in zip(*np.unique(day, return_index=True), strict=True):
        end = np.searchsorted(day, today, side="right")
        share = weights[today] / weights[today].sum()
        items[start:end] = rng.choice(N_ITEMS, end - start, p=share) + 1
    return pd.DataFrame(
        {
            "user_id": rng.choice(N_USERS, N_EVENTS, p=activity / activity.sum()),
            "item_id": items,
            "timestamp": np.sort(day * DAY + rng.integers(0, DAY, N_EVENTS)),
        }
    )


def with_repeats(clicks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A share of the clicks are any earlier one of the same user again."""
    items = clicks["item_id"].to_numpy().copy()
    past: dict[int, list[int]] = {}
    for place, user in enumerate(clicks["user_id"].to_numpy()):
        mine = past.setdefault(user, [])
        if mine and rng.random() < REPEATS:
            items[place] = mine[rng.integers(len(mine))]
        mine.append(items[place])
    return clicks.assign(item_id=items)


def prepared(
    clicks: pd.DataFrame, rng: np.random.Generator, **changes: object
) -> PrimaryTables:
    words = np.array(["red", "blue", "small", "wooden", "train", "puzzle", "robot"])
    items = pa.table(
        {
            "item_id": np.arange(1, N_ITEMS + 1),
            "title": [" ".join(rng.choice(words, 3)) for _ in range(N_ITEMS)],
            "tags": [list(rng.choice(words, i % 3)) for i in range(N_ITEMS)],
        }
    )
    source = LogSource(arrow_table(clicks), items, np.zeros((N_ITEMS, 0), np.float32))
    return prepare_interactions(source, make_params(**changes))


def statistics_source(
    tables: PrimaryTables, rng: np.random.Generator
) -> StatisticsSource:
    lists = pa.list_(pa.int32())
    tags = [[], *tables.items["field_tags"].to_pylist()]
    codes = rng.integers(1, 9, (N_ITEMS + 1, 2)).tolist()
    table = {"field_tags": tags, "title_codes": codes, "image_codes": codes}
    vectors = rng.normal(size=(N_ITEMS + 1, 8)).astype(np.float32)
    vectors[0] = 0
    return StatisticsSource(
        EventLog.from_arrow(tables.events),
        tables.items["title"].to_pylist(),
        items_in_train(tables.train, N_ITEMS),
        pa.table({name: pa.array(column, lists) for name, column in table.items()}),
        {"title": vectors},
        RowStatisticsParams.model_validate({"kinds": KINDS}),
    )


def statistics_of(tables: PrimaryTables) -> Iterator[Rows]:
    """Train, valid and test."""
    source = statistics_source(tables, np.random.default_rng(2))
    for part in (tables.train, tables.valid, tables.test):
        table = add_statistics(part, source)
        names = [name for name in table.column_names if "." in name]
        columns = [table[name].to_numpy() for name in names]
        yield Rows(np.column_stack(columns), table["label"].to_numpy(), names)


def auc_of_trees(train: Rows, valid: Rows, test: Rows) -> float:
    trees = fit_trees(
        *train[:2], *valid[:2], train.names, BoostedTreesParams(max_rounds=200), seed=1
    )
    return auc(test.labels, trees.predict(test.statistics))


@pytest.fixture(scope="module")
def tables() -> PrimaryTables:
    rng = np.random.default_rng(1)
    return prepared(clicks_without_taste(rng), rng)


@pytest.fixture(scope="module")
def parts(tables) -> list[Rows]:
    return list(statistics_of(tables))


def quiet_rates(parts: list[Rows]) -> tuple[float, float]:
    """Click rates of rows whose target had no event for a month, and of the others."""
    place = parts[0].names.index("popularity.events_30d")
    quiet = np.concatenate([rows.statistics[:, place] == 0 for rows in parts])
    labels = np.concatenate([rows.labels for rows in parts])
    assert quiet.sum() > 10_000
    return labels[quiet].mean(), labels[~quiet].mean()


def test_trees_learn_next_to_nothing(parts):
    assert auc_of_trees(*parts) == pytest.approx(0.5, abs=0.013)


def test_popularity_alone_says_nothing(parts):
    place = parts[0].names.index("popularity.events_90d")
    popularity = np.concatenate([rows.statistics[:, place] for rows in parts])
    labels = np.concatenate([rows.labels for rows in parts])
    assert auc(labels, popularity) == pytest.approx(0.5, abs=0.007)


def test_targets_without_a_recent_event_are_clicked_as_often_as_others(parts):
    quiet, others = quiet_rates(parts)
    assert quiet == pytest.approx(others, abs=0.01)


def test_counting_up_to_the_rows_own_time_would_be_found_out(tables):
    """The tests above fail for a trace that is there."""
    late: dict[str, pa.Table] = {}
    for name in ("train", "valid", "test"):
        part = getattr(tables, name)
        place = part.column_names.index("as_of")
        late[name] = part.set_column(place, "as_of", part["timestamp"])
    parts = list(statistics_of(tables._replace(**late)))
    assert auc_of_trees(*parts) > 0.53
    quiet, others = quiet_rates(parts)
    assert abs(quiet - others) > 0.02


def test_repeats_without_taste_tell_next_to_nothing():
    """Of histories with other items to draw: one with a single item has none."""
    rng = np.random.default_rng(3)
    clicks = with_repeats(clicks_without_taste(rng), rng)
    tables = prepared(clicks, rng, min_history=8)
    assert auc_of_trees(*statistics_of(tables)) == pytest.approx(0.5, abs=0.013)
