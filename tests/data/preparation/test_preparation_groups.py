"""Groups of impressions: what decides them, and what does not."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from small_impressions import (
    PARTS,
    impression_params,
    random_impressions,
    rows_of,
    shuffled,
)
from small_logs import with_log

from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.reading.source import LogSource


def one_row_at_a_time(seed: int, screens: int = 600) -> LogSource:
    """Impressions without an id, none at the time of another."""
    source = random_impressions(seed, screens=screens)
    frame = source.log.to_pandas().drop(columns="impression_id")
    return with_log(source, frame.assign(timestamp=np.arange(len(frame)) * 60))


def with_history(source: LogSource, clicks: int) -> LogSource:
    """The same with clicks before it that have no time."""
    rng = np.random.default_rng(7)
    columns = {
        "user_id": rng.integers(100, 140, clicks),
        "item_id": rng.integers(1, 31, clicks),
    }
    return replace(source, history=pa.table(columns))


@pytest.mark.parametrize("of", ["user", "time", "impression"])
def test_earlier_clicks_do_not_change_the_groups(of):
    """Untimed ones are all of one time, and many."""
    source = random_impressions(1) if of != "user" else one_row_at_a_time(1)
    if of == "time":
        frame = source.log.to_pandas().drop(columns="impression_id")
        source = with_log(source, frame)
    without = prepare_interactions(source, impression_params())
    found = prepare_interactions(with_history(source, 5_000), impression_params())
    assert found.report["log"]["groups"] == without.report["log"]["groups"]
    for part in PARTS:
        for name in ("group_id", "item_id", "as_of"):
            expected = getattr(without, part)[name]
            assert getattr(found, part)[name].equals(expected), (part, name)


def test_a_users_number_of_rows_is_no_field():
    source, fields = one_row_at_a_time(2), FieldsParams(context=["group_size"])
    with pytest.raises(ValueError, match="groups of this log are its users"):
        prepare_interactions(source, impression_params(), fields)


def test_groups_of_users_do_not_depend_on_the_order_of_the_file():
    source = one_row_at_a_time(3, screens=60)
    expected = prepare_interactions(source, impression_params())
    assert expected.report["log"]["groups"] == "user_id"
    for seed in range(3):
        found = prepare_interactions(shuffled(source, seed), impression_params())
        for part in PARTS:
            assert getattr(found, part).equals(getattr(expected, part)), part


def test_a_row_without_an_impression_id_is_a_group_of_its_own():
    source = random_impressions(4)
    frame = source.log.to_pandas().convert_dtypes()
    frame.loc[frame["impression_id"] < 300, "impression_id"] = None
    frame["label"] = frame["label"].astype(np.int8)
    tables = prepare_interactions(with_log(source, frame), impression_params())
    sizes: dict[int, int] = {}
    for part in PARTS:
        for row in rows_of(tables, part):
            sizes[row["group_id"]] = sizes.get(row["group_id"], 0) + 1
    assert sorted(sizes.values()) == [1] * 400 + [4] * 500
