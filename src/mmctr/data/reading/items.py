"""The tables of items and users."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import TEXTS, is_any, is_list
from mmctr.data.raw_schemas import ITEMS, check_frame
from mmctr.data.reading.contents import read_counts, read_titles, read_vectors
from mmctr.data.reading.ids import id_values
from mmctr.data.reading.names import counts_labels, near_names
from mmctr.data.reading.notes import Notes
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.tables import OpenTable
from mmctr.data.reading.tags import SEPARATOR, read_tags
from mmctr.data.reading.values import replaced, require_values

_LONG_TITLE = 10_000
_TAGS = ("tags", "tag")
_COUNTS = ("likes", "views")


def read_items(
    table: OpenTable, image_column: str | None, params: ReadingParams, notes: Notes
) -> tuple[pa.Table, np.ndarray, dict[str, str]]:
    """Read the item table.

    Args:
        table: Its files.
        image_column: Column of ready image vectors, which may be missing.
        params: How they are read.
        notes: Take what is recognised.

    Returns:
        The items as :class:`mmctr.data.reading.source.LogSource` has them, but for the
        type of ids; ``[n_items, width]`` float32 image vectors; the columns' roles.

    Raises:
        ValueError: Naming file, column and rows of what is wrong.
    """
    rows = table.read()
    rows = _with_keys(table, rows, "item_id")
    rows = _with_titles(table, rows, notes)
    rows, roles = _with_tags(table, rows, params, notes)
    for name in _COUNTS:
        if name in rows.column_names:
            rows = replaced(rows, name, read_counts(rows[name]))
            roles[name] = name
            _tell_counts(table, rows[name], name, notes)
    checked = [x for x in ("item_id", *_COUNTS) if x in rows.column_names]
    check_frame(
        rows.select(checked).to_pandas(),
        ITEMS.select_columns(checked),
        table.place,
    )
    rows, images = _take_images(table, rows, image_column, notes)
    if image_column in table.names.taken:
        roles[str(image_column)] = "image_vector"
    _tell_near_names(table, image_column, notes)
    return rows, images, roles | {"item_id": "item_id", "title": "title"}


def read_users(table: OpenTable, only: Iterable[str] | None = None) -> pa.Table:
    """Read the user table: ``user_id`` and every other column.

    Args:
        table: Its files.
        only: Columns to read, those that are there; None for all.

    Raises:
        ValueError: If a user is empty or there twice; it names the rows.
    """
    names = None if only is None else ["user_id", *only]
    rows = _with_keys(table, table.read(names), "user_id")
    ids = rows["user_id"]
    if pc.count_distinct(ids).as_py() < len(ids):
        _, first = np.unique(pc.rank(ids, tiebreaker="dense"), return_index=True)
        repeated = np.setdiff1d(np.arange(len(ids)), first)[:5].tolist()
        raise ValueError(
            f"{table.where('user_id')} has repeated values in rows {repeated}; keep "
            "one row for each"
        )
    return rows


def _with_keys(table: OpenTable, rows: pa.Table, name: str) -> pa.Table:
    values = id_values(rows[name], table.where(name))
    require_values(values, table.where(name))
    return replaced(rows, name, values)


def _with_titles(table: OpenTable, rows: pa.Table, notes: Notes) -> pa.Table:
    if "title" not in rows.column_names:
        notes.warn(f"{table.place}: no column 'title'; all titles are empty")
        empty = pa.array(np.full(rows.num_rows, ""), pa.string())
        return rows.append_column("title", empty)
    if not is_any(rows["title"].type, TEXTS):
        notes.tell(f"{table.where('title')} is {rows['title'].type}, taken as text")
    titles = read_titles(rows["title"])
    empty = int(pc.sum(pc.equal(pc.utf8_trim_whitespace(titles), "")).as_py() or 0)
    if empty:
        notes.warn(
            f"{table.where('title')} is empty in {empty:,} of {len(rows):,} rows"
        )
    long = int(pc.sum(pc.greater(pc.utf8_length(titles), _LONG_TITLE)).as_py() or 0)
    if long:
        notes.warn(
            f"{table.where('title')} has over {_LONG_TITLE:,} characters in "
            f"{long:,} rows"
        )
    return replaced(rows, "title", titles)


def _with_tags(
    table: OpenTable, rows: pa.Table, params: ReadingParams, notes: Notes
) -> tuple[pa.Table, dict[str, str]]:
    name = next((x for x in _TAGS if x in rows.column_names), None)
    are_lists = name is not None and is_list(rows[name].type)
    if params.tags_separator != "auto" and (name is None or are_lists):
        notes.warn(
            f"preparation.reading.tags_separator={params.tags_separator} is ignored: "
            f"{table.place} has no tags in a text"
        )
    if name is None:
        return rows, {}
    tags = read_tags(
        rows[name], params.tags_separator, table.where(name), many=name == "tags"
    )
    distinct = len(pc.unique(pc.list_flatten(tags.lists)))
    notes.tell(f"{tags.note}, {distinct:,} different ones")
    if name == "tags" and "tag" in rows.column_names:
        notes.warn(f"{table.place}: tags are read from 'tags', not from 'tag'")
    place = rows.column_names.index(name)
    separator = {SEPARATOR: tags.separator or ""}
    field = pa.field("tags", tags.lists.type, metadata=separator)
    return rows.set_column(place, field, tags.lists), {name: "tags"}


def _tell_counts(
    table: OpenTable, values: pa.ChunkedArray, name: str, notes: Notes
) -> None:
    if values.null_count:
        notes.warn(
            f"{table.where(name)} is empty in {values.null_count:,} of {len(values):,} "
            "rows: unknown there"
        )
    if pc.count_distinct(values, mode="only_valid").as_py() == 1:
        notes.warn(f"{table.where(name)} is the same in all rows: it tells nothing")


def _take_images(
    table: OpenTable, rows: pa.Table, image_column: str | None, notes: Notes
) -> tuple[pa.Table, np.ndarray]:
    if image_column not in rows.column_names:
        return rows, np.zeros((rows.num_rows, 0), np.float32)
    ids = rows["item_id"].to_pylist()
    images, missing = read_vectors(
        rows[image_column], table.names.taken[image_column], table.place, ids
    )
    if missing:
        notes.warn(
            f"{table.where(image_column)} is empty in {missing:,} of {len(rows):,} "
            "rows: all zero there"
        )
    return rows.drop_columns([image_column]), images


def _tell_near_names(table: OpenTable, image_column: str | None, notes: Notes) -> None:
    """Name columns that may be meant for a special one that is not there."""
    others = [
        x for x in table.names.taken if x not in table.roles and not counts_labels(x)
    ]
    for name in ("title", "tags", *_COUNTS, image_column):
        if name is None or name in table.names.taken:
            continue
        if name == "tags" and "tag" in table.names.taken:
            continue
        asked = "image_vector" if name == image_column else name
        near = near_names(asked, others)
        if name == image_column:
            near += [x for x in others if x not in near and _may_be_images(table, x)]
        for each in near:
            notes.warn(
                f"{table.where(each)} is not read as '{name}', which is missing; if it "
                f"is meant: --params preparation.reading.columns.{name}={each}"
            )


def _may_be_images(table: OpenTable, name: str) -> bool:
    """A column of lists of floats that no modality of its own has."""
    kind = table.schema.field(table.names.taken[name]).type
    is_vector = is_list(kind) and pa.types.is_floating(kind.value_type)
    return is_vector and not name.endswith("_vector")
