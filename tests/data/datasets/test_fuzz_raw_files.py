"""Raw parquet files that are damaged: named, or read as they were."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import damages
from pandera.pandas import DataFrameSchema

from mmctr.data.datasets.raw_file import (
    RawFile,
    raw_file_problems,
    read_padded_ids,
    read_raw_file,
)
from mmctr.data.raw_schemas import raw_column

TABLE = pa.table(
    {
        "user_id": [f"user-{i}" for i in range(80)],
        "item_seq": pa.array([[0, i + 1] for i in range(80)], pa.list_(pa.int64())),
    }
)
EXPECTED = DataFrameSchema(
    {"user_id": raw_column("id", None, ""), "item_seq": raw_column("ids", None, "")}
)


@pytest.mark.parametrize("has_checksums", [True, False])
def test_damage_is_named_and_does_no_harm(tmp_path: Path, has_checksums: bool):
    path = tmp_path / "train.parquet"
    pq.write_table(TABLE, path, write_page_checksum=has_checksums)
    other = tried = 0
    for damage in damages(path.read_bytes(), seed=int(has_checksums)):
        path.write_bytes(damage.content)
        tried += 1
        for problem in raw_file_problems(path, RawFile(EXPECTED)):
            assert "train.parquet" in problem, damage.how
        try:
            table = read_raw_file(path, EXPECTED, unread="item_seq")
            histories = read_padded_ids(path, "item_seq")
        except ValueError as error:
            assert "train.parquet" in str(error), damage.how
        else:
            other += not (
                table["user_id"].to_pylist() == TABLE["user_id"].to_pylist()
                and histories.to_pylist() == [[i + 1] for i in range(80)]
            )
    assert tried >= 200
    # Without the manifest's hash only checksums find a value that was changed, and
    # parquet has none of its own footer.
    assert other <= (tried // 40 if has_checksums else tried // 4)


def test_a_link_is_not_followed(tmp_path: Path):
    (tmp_path / "secret.parquet").write_bytes(b"secret")
    link = tmp_path / "train.parquet"
    link.symlink_to(tmp_path / "secret.parquet")
    with pytest.raises(ValueError, match=r"train\.parquet is a link"):
        read_raw_file(link, EXPECTED)
    assert "is a link" in raw_file_problems(link, RawFile(EXPECTED))[0]
