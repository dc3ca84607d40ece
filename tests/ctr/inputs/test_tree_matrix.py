"""Rows as a matrix of numbers."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mmctr.ctr.inputs import tree_matrix
from mmctr.ctr.inputs.tree_matrix import TreeMatrix

N_ITEMS = 6
LISTS = pa.list_(pa.int32())


def with_field(table: pa.Table, name: str, kind: str, codes: pa.Array) -> pa.Table:
    """The table with the codes of a field."""
    column = pa.field(f"field_{name}", codes.type, metadata={"kind": kind})
    return table.append_column(column, codes)


ITEMS = with_field(
    with_field(
        pa.table({"item_id": range(N_ITEMS + 1)}),
        *("tags", "tags"),
        pa.array([[], [4], [4, 5], [], [6], [1], [4, 5, 6]], LISTS),
    ),
    *("likes", "level"),
    pa.array([0, 4, 5, 6, 7, 1, 14], pa.int32()),
)


@pytest.fixture
def vectors() -> dict[str, np.ndarray]:
    """Titles of five columns, none for item 3; no images."""
    drawn = np.random.default_rng(0).normal(size=(N_ITEMS + 1, 5)).astype(np.float32)
    drawn[[0, 3]] = 0
    return {"title": drawn, "image": np.zeros((N_ITEMS + 1, 0), np.float32)}


def rows(**columns: Any) -> pa.Table:
    """Five rows; the target of the last one is unknown, two histories have no title."""
    return pa.table(
        {
            "item_id": [1, 2, 3, 6, 0],
            "item_seq": pa.array(
                [[2, 2, 5], [3], [1, 3], [], [4, 6]], pa.list_(pa.int32())
            ),
            **columns,
        }
    )


def fitted(
    vectors: dict[str, np.ndarray], train: pa.Table | None = None, **changes: Any
) -> TreeMatrix:
    options = {"components": 2} | changes
    return TreeMatrix.fit(ITEMS, vectors, rows() if train is None else train, **options)


def by_name(matrix: tuple[np.ndarray, list[str]]) -> dict[str, np.ndarray]:
    values, names = matrix
    assert values.dtype == np.float32
    return dict(zip(names, values.T, strict=True))


def same(found: np.ndarray, expected: list[float]) -> None:
    assert np.allclose(found, expected, atol=1e-5, equal_nan=True), found


def test_all_that_is_known_of_a_row_is_a_column(vectors):
    table = rows(
        **{"history.days": pa.array([1, None, 3, 4, 5], pa.float32()), "as_of": [7] * 5}
    )
    found = by_name(fitted(vectors).matrix(table))
    nan = np.nan
    same(found["history.days"], [1, nan, 3, 4, 5])
    same(found["history_length"], [3, 1, 2, 0, 2])
    same(found["field_tags"], [1, 2, 0, 3, 0])
    same(found["field_likes"], [0, 1, 2, 10, nan])
    assert list(found) == [
        "history.days", "field_tags", "field_likes", "history_length",
        "title_1", "history_title_1", "title_2", "history_title_2",
    ]  # fmt: skip


def test_levels_that_rows_state_are_columns_of_their_own(vectors):
    stated = pa.array([4, 14, 5, 6, 4], pa.int32())
    table = with_field(rows(), "row_likes", "level", stated)
    found = by_name(fitted(vectors).matrix(table))
    same(found["field_row_likes"], [0, 10, 1, 2, 0])
    same(found["field_likes"], [0, 1, 2, 10, np.nan])


def test_components_are_those_of_the_items_that_train_has(vectors):
    train = rows().slice(0, 2)  # items 1, 2, 3 and 5, of which 3 has no title
    inputs = fitted(vectors, train)
    found = by_name(inputs.matrix(rows()))
    seen = vectors["title"][[1, 2, 5]]
    axes = np.linalg.svd(seen - seen.mean(axis=0))[2][:2]
    expected = (vectors["title"] - seen.mean(axis=0)) @ axes.T
    targets = rows()["item_id"].to_numpy()
    assert np.isnan(found["title_1"][[2, 4]]).all()
    for place in (0, 1):
        own = found[f"title_{place + 1}"][[0, 1, 3]]
        wanted = expected[targets[[0, 1, 3]], place]
        # The sign and the scale of a component mean nothing.
        assert np.allclose(own * (wanted[0] / own[0]), wanted, atol=1e-4)
        means = found[f"history_title_{place + 1}"] * (wanted[0] / own[0])
        histories = [[2, 2, 5], [], [1], [], [4, 6]]
        same(
            means,
            [expected[x, place].mean() if x else np.nan for x in histories],
        )


def test_pieces_do_not_change_the_matrix(vectors, monkeypatch):
    table = rows(**{"tags.shared": pa.array([1.5] * 5, pa.float32())})
    whole = fitted(vectors).matrix(table)
    monkeypatch.setattr(tree_matrix, "_ROWS", 2)
    pieces = fitted(vectors).matrix(table)
    assert pieces[1] == whole[1]
    assert np.array_equal(pieces[0], whole[0], equal_nan=True)
    # A table as it comes from a file, in chunks.
    chunked = pa.concat_tables([table.slice(0, 3), table.slice(3)])
    assert np.array_equal(fitted(vectors).matrix(chunked)[0], whole[0], equal_nan=True)


@pytest.mark.parametrize("components", [0, 2])
def test_without_vectors_there_are_no_components(vectors, components):
    if components:
        vectors = {"title": vectors["image"], "image": vectors["image"]}
    _, names = fitted(vectors, components=components).matrix(rows())
    assert not [name for name in names if "title" in name or "image" in name]


def test_a_log_of_a_single_item_has_components_that_say_nothing(vectors):
    train = pa.table(
        {"item_id": [2, 2], "item_seq": pa.array([[2], []], pa.list_(pa.int32()))}
    )
    found = by_name(fitted(vectors, train).matrix(rows()))
    assert np.isnan(found["title_1"]).all()
    assert np.isnan(found["history_title_2"]).all()
    nothing = rows().slice(0, 0)
    assert fitted(vectors, train).matrix(nothing)[0].shape == (0, len(found))
