"""Every way of encoding gives the same vectors; rates are beside the first one's."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import titles


def test_ways_are_compared_on_the_titles_of_a_file(tmp_path):
    names = ["a red car", None, "a red car", "bread", "the sea at night"]
    pq.write_table(pa.table({"title": names}), tmp_path / "items.parquet")
    assert titles.read_titles(tmp_path / "items.parquet", 2) == ["a red car", "bread"]
    clock = iter([0.0, 6.0, 6.0, 12.0, 12.0, 14.0, 14.0, 15.0])
    found = titles.run(1, ["a red car", "bread"], now=lambda: next(clock))
    assert [each["ratio"] for each in found.values()] == pytest.approx([1, 1, 3, 6])
    assert all(each["worst_cosine"] > 0.9995 for each in found.values())
    assert found["fp32, 8 titles a batch"]["worst_cosine"] == pytest.approx(1, abs=1e-5)
