"""Two scored files beside each other, with no project around."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from mmctr.project.comparing.command import compare

USERS = 30


def scored(
    path: Path, signal: float, without: Sequence[str] = (), **changed: Any
) -> str:
    """Write two rows of each user, the first clicked, as ``mmctr score`` does."""
    noise = np.random.default_rng(1).uniform(0, 0.3, 2 * USERS)
    labels = np.tile([1, 0], USERS)
    table = pa.table(
        {
            "user_id": [f"u{x}" for x in np.repeat(np.arange(USERS), 2)],
            "item_id": np.arange(2 * USERS),
            "label": labels,
            "probability": 0.3 + noise + signal * labels,
            **changed,
        }
    )
    table = table.drop_columns(without)
    write = pq.write_table if path.suffix == ".parquet" else pc_csv.write_csv
    write(table, path)
    return str(path)


def compared(*names: str) -> str:
    return compare(names, None, {}, 20)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_the_better_one_is_said_to_be_better(tmp_path, suffix):
    one = scored(tmp_path / f"a{suffix}", 0.0)
    page = compared(one, scored(tmp_path / f"b{suffix}", 0.2))
    assert f"A  {one}" in page
    assert "60 rows of the file by 30 users, the same for both" in page
    assert "gAUC: B is better." in page
    assert "logloss: B is better." in page
    page = compared(one, one.replace("a.", "./a."))
    assert "gAUC: no difference that these rows could show." in page


def test_other_rows_are_refused_with_their_numbers(tmp_path):
    one = scored(tmp_path / "a.parquet", 0.0)
    labels = np.ones(2 * USERS, int)
    other = scored(tmp_path / "b.parquet", 0.0, label=labels)
    with pytest.raises(ValueError, match="not judged by the same rows") as refused:
        compared(one, other)
    assert "60 rows, 30 of them clicked, by 30 users" in str(refused.value)
    assert "60 rows, 60 of them clicked, by 30 users" in str(refused.value)
    other = scored(tmp_path / "c.parquet", 0.0, item_id=np.arange(2 * USERS)[::-1])
    with pytest.raises(ValueError, match="but not the same ones in the same order"):
        compared(one, other)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"label": pa.nulls(2 * USERS, pa.int8())}, "'label' is empty in 60 rows"),
        ({"without": ["label"]}, "has no column 'label'"),
        ({"probability": np.full(2 * USERS, 1.5)}, "outside 0..1"),
    ],
)
def test_what_can_not_be_compared_is_named(tmp_path, changed, said):
    one = scored(tmp_path / "a.parquet", 0.0)
    other = scored(tmp_path / "b.parquet", 0.0, **changed)
    with pytest.raises(ValueError, match=said):
        compared(one, other)


def test_a_file_and_a_run_are_refused(tmp_path):
    with pytest.raises(ValueError, match="got one of each"):
        compared(scored(tmp_path / "a.parquet", 0.0), "3")
    with pytest.raises(ValueError, match="there is no file"):
        compared("none.parquet", "nor.parquet")
