"""Whatever comes in: an error in words, or tables that hold their contracts."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_logs import logs, make_params, make_source

from mmctr.data.datasets import ChallengeSource
from mmctr.data.fields.field import FIRST
from mmctr.data.preparation.challenge import prepare_challenge
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.table_checks import check_table
from mmctr.pipelines.preparation.nodes import audit_tables

CONTRACT_OF = {
    "items": "items",
    "item_id_mapping": "item_id_mapping",
    "train": "labelled_rows",
    "valid": "labelled_rows",
    "test": "test_rows",
    "events": "events",
}


def assert_sound(tables: PrimaryTables) -> None:
    """Contracts hold, and items are among those of the item table."""
    n_items = tables.items.num_rows
    for name, contract in CONTRACT_OF.items():
        # A challenge's histories may all be empty.
        may_be_empty = name == "events"
        check_table(getattr(tables, name), contract, name, may_be_empty=may_be_empty)
    for name in ("train", "valid", "test"):
        table = getattr(tables, name)
        histories = table["item_seq"].combine_chunks().flatten().to_numpy()
        for items in (table["item_id"].to_numpy(), histories):
            assert items.max(initial=0) <= n_items
    audit_tables(tables.items, tables.train, tables.valid, tables.test)


@given(
    source=logs(),
    max_history=st.integers(1, 5),
    min_history=st.integers(1, 3),
    negatives=st.integers(1, 3),
    fractions=st.sampled_from([(0.1, 0.1), (0.3, 0.3), (0.45, 0.5), (0.01, 0.9)]),
    window_days=st.sampled_from([0.5, 3, 30]),
)
@settings(max_examples=60, deadline=None)
def test_a_log_is_prepared_or_refused_in_words(
    source, max_history, min_history, negatives, fractions, window_days
):
    params = make_params(
        max_history=max_history,
        min_history=min_history,
        negatives_per_positive=negatives,
        valid_fraction=fractions[0],
        test_fraction=fractions[1],
        window_days=window_days,
    )
    try:
        tables = prepare_interactions(source, params)
    except ValueError as error:
        assert "preparation." in str(error) or "fraction" in str(error)
        return
    assert_sound(tables)
    # No tie is cut: parts follow each other by whole timestamps, and a row's group
    # tells its event.
    events = tables.events.to_pandas()
    times = [
        events["timestamp"].to_numpy()[getattr(tables, part)["group_id"].to_numpy()]
        for part in ("train", "valid", "test")
    ]
    for earlier, later in pairwise(times):
        assert earlier.max() < later.min()
    for part, when in zip(("train", "valid", "test"), times, strict=True):
        rows = getattr(tables, part).to_pylist()
        for row, time in zip(rows, when.tolist(), strict=True):
            own = events[events["user_id"] == row["user_id"]]
            before = own.loc[own["timestamp"] < time, "item_id"].tolist()
            history = row["item_seq"]
            assert len(history) >= min_history
            assert history == before[-max_history:]


@given(source=logs(), strangers=st.lists(st.integers(0, 11), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_padded_events_are_as_if_they_were_not_there(source, strangers):
    """And strict names them."""
    log, n_items = source.log.to_pandas(), len(source.items)
    rows = sorted(set(strangers))
    odd = log.assign(
        item_id=np.where(np.isin(np.arange(len(log)), rows), 999, log["item_id"])
    )
    without = log.drop(index=rows).reset_index(drop=True)
    with pytest.raises(ValueError, match=rf"has {len(rows)} rows .* \(item_id \[999\]"):
        prepare_interactions(make_source(odd, n_items), make_params())
    pad = make_params(unknown_items="pad", negatives_per_positive=1)
    try:
        expected = prepare_interactions(make_source(without, n_items), pad)
    except ValueError as error:
        with pytest.raises(ValueError, match="^") as other:
            prepare_interactions(make_source(odd, n_items), pad)
        assert str(other.value) == str(error)
        return
    found = prepare_interactions(make_source(odd, n_items), pad)
    for name in CONTRACT_OF:
        assert getattr(found, name).equals(getattr(expected, name))
    (told,) = found.report["unknown"]["found"]
    assert told["rows"] == told["values"] == len(rows)
    assert told["first_rows"] == rows[:5]


IDS = st.integers(1, 12)
"""Items 1 to 9 are known."""
LISTS = pa.large_list(pa.int64())


@st.composite
def challenge_rows(draw: st.DrawFn, *, labelled: bool) -> pa.Table:
    targets = draw(st.lists(IDS, min_size=1, max_size=12))
    n = len(targets)
    histories = draw(st.lists(st.lists(IDS, max_size=7), min_size=n, max_size=n))
    level = st.integers(0, 10) if labelled else st.integers(-2, 300)
    levels = st.lists(level, min_size=n, max_size=n)
    rows = pa.table(
        {
            "user_id": draw(st.lists(st.integers(1, 4), min_size=n, max_size=n)),
            "item_id": targets,
            "item_seq": pa.array(histories, LISTS),
            "likes_level": draw(levels),
            "views_level": draw(levels),
        }
    )
    return rows.append_column("label", [np.arange(n) % 2]) if labelled else rows


@st.composite
def challenges(draw: st.DrawFn) -> ChallengeSource:
    order = np.array(draw(st.permutations(range(1, 10))))
    levels = np.arange(9) % 11
    items = pa.table(
        {
            "item_id": order,
            "title": [f"item {item}" for item in order],
            "tags": pa.array([[]] * 9, LISTS),
            "likes_level": levels,
            "views_level": levels[::-1].copy(),
        }
    )
    images = np.zeros((9, 0), np.float32)
    labelled = challenge_rows(labelled=True)
    test = draw(challenge_rows(labelled=False))
    return ChallengeSource(items, images, draw(labelled), draw(labelled), test, None)


@given(source=challenges(), max_history=st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_a_challenge_is_prepared_or_refused_in_words(source, max_history):
    strict = make_params(max_history=max_history)
    pad = make_params(max_history=max_history, unknown_items="pad")
    is_known = {
        part: bool(
            (getattr(source, part)["item_id"].to_numpy() <= 9).all()
            and max(sum(getattr(source, part)["item_seq"].to_pylist(), [0])) <= 9
        )
        for part in ("train", "valid", "test")
    }
    levels = np.stack([source.test["likes_level"], source.test["views_level"]])
    are_levels = bool(((levels >= 0) & (levels <= 10)).all())
    if all(is_known.values()) and are_levels:
        tables = prepare_challenge(source, strict)
        assert tables.report["unknown"] == {"policy": "strict", "found": []}
        assert_sound(tables)
    else:
        with pytest.raises(ValueError, match=r"first rows \[") as error:
            prepare_challenge(source, strict)
        for part, known in is_known.items():
            assert known or f"{part}.parquet: column 'item_" in str(error.value)
        assert are_levels or "outside 0 to 10" in str(error.value)
    try:
        tables = prepare_challenge(source, pad)
    except ValueError as error:
        assert "no row is left" in str(error)
        return
    assert_sound(tables)
    ids = {item: row for row, item in enumerate(source.items["item_id"].to_pylist(), 1)}
    for part in ("train", "valid", "test"):
        given_rows, rows = getattr(source, part), getattr(tables, part).to_pylist()
        expected = [
            (
                ids.get(row["item_id"], 0),
                [ids[i] for i in row["item_seq"] if i in ids][-max_history:],
            )
            for row in given_rows.to_pylist()
            if part == "test" or row["item_id"] in ids
        ]
        assert [(row["item_id"], row["item_seq"]) for row in rows] == expected
    own = np.concatenate([[0], source.items["likes_level"].to_numpy()])
    for row, level in zip(
        tables.test.to_pylist(), source.test["likes_level"].to_pylist(), strict=True
    ):
        is_level = 0 <= level <= 10
        stated = level if is_level else own[row["item_id"]]
        assert row["field_row_likes"] == FIRST + stated
