"""Users of a log are found by their ids, of numbers or text."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.serving.prediction.users import UserColumns, UserIndex, user_keys

NAMES = st.sampled_from([lambda x: x, lambda x: f"user {x}"])


@given(
    known=st.lists(st.integers(-5, 40), unique=True, max_size=30),
    asked=st.lists(st.integers(-9, 50) | st.none(), max_size=30),
    name=NAMES,
)
@settings(max_examples=50, deadline=None)
def test_users_are_found_where_they_were(known, asked, name):
    kind = pa.array([name(1)]).type
    users = pa.chunked_array([pa.array([name(x) for x in known], kind)])
    rows = [None if x is None else name(x) for x in asked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmctr.serving.prediction.users._AT_ONCE", 4)
        index = UserIndex.of(users)
    found = index.find(user_keys(pa.chunked_array([pa.array(rows, kind)])))
    expected = [known.index(x) if x in known else -1 for x in asked]
    assert found.tolist() == expected


@given(ids=st.lists(st.integers(-(2**63), 2**63 - 1).filter(bool), max_size=20))
@settings(max_examples=50, deadline=None)
def test_the_key_of_a_whole_number_is_its_own(ids):
    """So that no two users with such ids are mistaken for each other."""
    keys = user_keys(pa.chunked_array([pa.array(ids, pa.int64())])).tolist()
    assert [unmixed(key) for key in keys] == [x % 2**64 for x in ids]


def unmixed(key: int) -> int:
    """The number whose bits splitmix64 has mixed into a key."""
    for shift, factor in ((31, 0x94D049BB133111EB), (27, 0xBF58476D1CE4E5B9)):
        key ^= key >> shift ^ key >> 2 * shift
        key = key * pow(factor, -1, 2**64) % 2**64
    return key ^ key >> 30 ^ key >> 60


def test_columns_that_are_wanted_are_taken_and_unknown_users_have_none():
    ages = pa.table({"user_id": [7, 3, 5], "age": [70, 30, 50], "name": list("abc")})
    columns = UserColumns.of(ages, {"age", "country"})
    ids = pa.chunked_array([[5, 4], [7]])
    found = columns.take(ids, user_keys(ids), "a.parquet")
    assert {name: x.to_pylist() for name, x in found.items()} == {"age": [50, None, 70]}
    texts = pa.chunked_array([["5"]])
    with pytest.raises(
        ValueError, match=r"string in a\.parquet and int64 in the table"
    ):
        columns.take(texts, np.zeros(1, np.uint64), "a.parquet")
