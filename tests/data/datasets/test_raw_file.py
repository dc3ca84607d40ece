"""Raw files against their layout, by metadata alone."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandera.pandas import DataFrameSchema

from mmctr.data.datasets import ChallengeFiles
from mmctr.data.datasets.raw_file import RawFile, raw_file_problems, read_raw_file
from mmctr.data.raw_schemas import raw_column


def raw_file(*, needed: bool = True, **kinds: str) -> RawFile:
    """Columns of these kinds, all needed or none."""
    columns = {
        name: raw_column(kind, None, "", required=needed)
        for name, kind in kinds.items()
    }
    return RawFile(DataFrameSchema(columns))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "items.parquet"
    table = pa.table(
        {
            "number": [1],
            "text": ["a"],
            "list": [[1]],
            "time": pa.array([1], pa.timestamp("s")),
            "category": pa.array(["a"]).dictionary_encode(),
        }
    )
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("number", "integer"),
        ("number", "count"),
        ("number", "id"),
        ("text", "text"),
        ("text", "id"),
        ("list", "ids"),
        ("category", "text"),
        ("category", "tags"),
        ("number", "tags"),
        ("list", "tags"),
    ],
)
def test_a_column_of_its_kind_is_no_problem(file, column, kind):
    assert raw_file_problems(file, raw_file(**{column: kind})) == []


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("number", "text"),
        ("text", "integer"),
        ("text", "count"),
        ("list", "id"),
        ("number", "vectors"),
        ("time", "tags"),
    ],
)
def test_a_column_of_another_kind_is_named(file, column, kind):
    (problem,) = raw_file_problems(file, raw_file(**{column: kind}))
    assert f"items.parquet: column '{column}' is " in problem
    assert "; expected " in problem


def test_a_missing_column_is_named_if_it_is_needed(file):
    assert raw_file_problems(file, raw_file(needed=False, likes="integer")) == []
    (problem,) = raw_file_problems(file, raw_file(title="text"))
    assert "column 'title' is missing; it has number, text" in problem


def test_a_file_cut_short_an_empty_and_a_missing_one_are_named(file, tmp_path):
    wanted = raw_file(number="integer")
    empty = tmp_path / "empty.parquet"
    pq.write_table(pq.read_table(file).slice(1), empty)
    assert "no rows" in raw_file_problems(empty, wanted)[0]
    file.write_bytes(file.read_bytes()[:-20])
    assert "not a whole parquet file" in raw_file_problems(file, wanted)[0]
    assert "is missing" in raw_file_problems(tmp_path / "none", wanted)[0]
    assert raw_file_problems(tmp_path / "none", RawFile(needed=False)) == []


def test_a_source_names_a_place_for_every_file(tmp_path):
    source = ChallengeFiles(path=str(tmp_path))
    assert list(source.files()) == list(source.layout())
    assert all(path.is_relative_to(tmp_path) for path in source.files().values())


def test_a_missing_column_comes_with_near_names(file):
    (problem,) = raw_file_problems(file, raw_file(numbr="integer"))
    assert "column 'numbr' is missing" in problem
    assert "did you mean 'number'?" in problem


def test_repeated_columns_are_named(tmp_path):
    path = tmp_path / "rows.parquet"
    ids = pa.array([1, 2])
    pq.write_table(pa.Table.from_arrays([ids, ids, ids], ["a", "b", "a"]), path)
    (problem,) = raw_file_problems(path, raw_file(b="integer"))
    assert "columns ['a'] occur more than once; it has a, b, a" in problem
    with pytest.raises(ValueError, match="occur more than once"):
        read_raw_file(path, DataFrameSchema({"b": raw_column("integer", None, "")}))
