"""Small logs of impressions, and what preparation must make of them, by plain loops."""

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st
from small_logs import DAY, arrow_table, make_source

from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource

PARTS = ("train", "valid", "test")


def impression_params(**values) -> PreparationParams:
    """Parameters of parts that are large enough for both labels."""
    return PreparationParams(
        **{"seed": 1, "valid_fraction": 0.25, "test_fraction": 0.25} | values
    )


@st.composite
def impression_logs(draw: st.DrawFn) -> LogSource:
    """Impressions of a few users, items and days, with and without ids and history."""
    n_items = draw(st.integers(3, 8))
    row = st.tuples(
        st.integers(1, 3),
        st.integers(1, n_items),
        st.integers(1, 8).map((DAY // 4).__mul__),
        st.integers(0, 1),
        st.integers(0, 15),
    )
    rows = draw(st.lists(row, min_size=24, max_size=60))
    names = ["user_id", "item_id", "timestamp", "label", "impression_id"]
    frame = pd.DataFrame(rows, columns=names).astype({"label": np.int8})
    if not draw(st.booleans()):
        frame = frame.drop(columns="impression_id")
    source = make_source(frame, n_items)
    if draw(st.booleans()):
        return source
    clicks = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(1, n_items))))
    return LogSource(
        source.log, source.items, source.image_vectors, None, _history(clicks)
    )


def _history(clicks: list[tuple[int, int]]) -> pa.Table:
    users, items = zip(*clicks, strict=True) if clicks else ((), ())
    return pa.table(
        {"user_id": pa.array(users, pa.int64()), "item_id": pa.array(items, pa.int64())}
    )


def random_impressions(
    seed: int, *, users: int = 40, n_items: int = 30, screens: int = 600, size: int = 4
) -> LogSource:
    """Screens of a user, each with an id, a time and items, a third of them clicked."""
    rng = np.random.default_rng(seed)
    rows = screens * size
    frame = pd.DataFrame(
        {
            "user_id": np.repeat(rng.integers(100, 100 + users, screens), size),
            "item_id": rng.integers(1, n_items + 1, rows),
            "timestamp": np.repeat(rng.integers(0, 90 * DAY, screens), size),
            "label": (rng.random(rows) < 0.3).astype(np.int8),
            "impression_id": np.repeat(rng.permutation(screens) * 3, size),
            "position": np.tile(np.arange(size), screens),
        }
    )
    return make_source(frame, n_items)


def shuffled(source: LogSource, seed: int) -> LogSource:
    """The same rows in another order."""
    frame = source.log.to_pandas().sample(frac=1, random_state=seed)
    return LogSource(
        arrow_table(frame), source.items, source.image_vectors, None, source.history
    )


def rows_of(tables: PrimaryTables, part: str) -> list[dict]:
    """The rows of a part."""
    return getattr(tables, part).to_pylist()
