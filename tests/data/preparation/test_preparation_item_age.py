"""On a log without any taste neither an item's age nor the time tells a click."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.reading.source import LogSource
from mmctr.pipelines.preparation.nodes import audit_tables
from tests.helpers.small_logs import make_params

DAY, ITEMS, USERS, EVENTS = 86_400, 300, 400, 15_000


@pytest.fixture(scope="module")
def log_without_taste() -> LogSource:
    """Users who are all alike click items that appear over time and then fade."""
    rng = np.random.default_rng(0)
    birth = rng.uniform(0, 180, ITEMS)
    popularity = rng.gamma(1.0, size=ITEMS)
    days = np.sort(rng.uniform(5, 200, EVENTS))
    items = np.empty(EVENTS, np.int64)
    for start in range(0, EVENTS, 100):
        age = days[start] - birth
        fading = popularity * np.exp(-age.clip(0) / 20) * (age > 0)
        items[start : start + 100] = rng.choice(ITEMS, 100, p=fading / fading.sum())
    log = {
        "user_id": rng.integers(0, USERS, EVENTS),
        "item_id": items,
        "timestamp": (days * DAY).astype(np.int64),
    }
    published = pa.array((birth * DAY).astype(np.int64)).cast(pa.timestamp("s"))
    columns = {"item_id": np.arange(ITEMS), "title": ["x"] * ITEMS}
    return LogSource(
        pa.table(log),
        pa.table(columns | {"published": published}),
        np.zeros((ITEMS, 0), np.float32),
    )


@pytest.mark.parametrize("published", [None, "published"])
def test_no_time_field_tells_a_click(log_without_taste, published):
    settings = FieldsParams(
        time=["hour", "weekday", "item_age"], published_column=published
    )
    tables = prepare_interactions(log_without_taste, make_params(), settings)
    audit = audit_tables(tables.items, **tables.audited)
    for part in audit.values():
        for name, field in part["fields"].items():
            assert abs(field["auc"] - 0.5) < 0.03, name
            if field["auc_value"] is not None:
                assert abs(field["auc_value"] - 0.5) < 0.04, name
