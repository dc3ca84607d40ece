"""A log in the forms that people's files have: the right tables, or the right error."""

import logging
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from log_faults import REFUSED
from log_forms import ITEMS, LOG, SAME
from log_oddities import TOLD

from mmctr.data.reading.log import read_log
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.source import LogSource
from mmctr.data.reading.tables import table_problems

# Found in rows: schemas say nothing of them.
IN_SCHEMAS = {
    *("other names", "float32", "repeated columns", "csv named parquet", "bytes"),
    *("text of likes", "matrices", "text of vectors", "tags of structures"),
    *("tags of truth", "users of truth", "binary uuid", "latin-1"),
}
# Schemas say that there is one, rows what rule it needs.
LABELS = {
    *("ratings", "event types", "behavior_type", "overall", "target", "is_buy"),
    *("user_rating", "click_count"),
}


def read(folder: Path, **params: object) -> LogSource:
    return read_log(str(folder), "image_vector", ReadingParams(**params))


def numbered(source: LogSource) -> pd.DataFrame:
    """The log with items as rows of their table, and users by first appearance."""
    frame = source.log.to_pandas()
    rows = pd.Index(source.items["item_id"].to_pylist())
    return pd.DataFrame(
        {
            "user": pd.factorize(frame["user_id"])[0],
            "item": rows.get_indexer(frame["item_id"]),
            "timestamp": frame["timestamp"],
        }
    )


@pytest.mark.parametrize("name", SAME)
def test_each_form_gives_the_same_tables(tmp_path, name):
    source = read(SAME[name].written(tmp_path))
    found = numbered(source)
    assert found["user"].tolist() == pd.factorize(pd.Series(LOG["user_id"]))[0].tolist()
    assert found["item"].tolist() == [0, 1, 2, 3] * 3
    assert found["timestamp"].tolist() == LOG["timestamp"]
    assert source.log.schema.field("timestamp").type == pa.int64()
    for table in (source.log, source.items):
        assert table.schema.field("item_id").type in (pa.int64(), pa.string())
    assert source.items["title"].to_pylist() == ITEMS["title"]
    assert source.items["tags"].to_pylist() == ITEMS["tags"]
    assert any("'timestamp'" in note and "2023-11-14" in note for note in source.notes)
    assert source.clock
    assert table_problems(str(tmp_path), "image_vector", ReadingParams()) == []


@pytest.mark.parametrize("name", TOLD)
def test_what_is_unusual_is_said(tmp_path, name, caplog):
    caplog.set_level(logging.INFO)
    form, said = TOLD[name]
    source = read(form.written(tmp_path))
    text = "\n".join(source.notes)
    for fragment in said:
        assert fragment in text, text
        assert fragment in caplog.text


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_read_is_named(tmp_path, name):
    form, said = REFUSED[name]
    folder = form.written(tmp_path)
    with pytest.raises(ValueError) as error:
        read(folder)
    problems = table_problems(str(folder), "image_vector", ReadingParams())
    assert bool(problems) == (name in IN_SCHEMAS | LABELS), problems
    if name in LABELS:
        assert "looks like a label" in problems[0]
        assert "--params preparation.reading.label.column=" in problems[0]
        problems = []
    for text in (str(error.value), *(["\n".join(problems)] if problems else [])):
        assert str(folder) in text
        for fragment in said:
            assert fragment in text, text
