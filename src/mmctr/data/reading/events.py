"""The rows of a log, and clicks that came before it."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import is_list
from mmctr.data.reading.ids import IdColumn, id_values, unify_ids
from mmctr.data.reading.kept_rows import keep_rows
from mmctr.data.reading.labels import (
    LABEL,
    label_column,
    label_remedy,
    possible_labels,
    read_label,
    require_both_labels,
    require_no_other_label,
)
from mmctr.data.reading.notes import Notes
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.placeholders import describe_placeholders, placeholder_users
from mmctr.data.reading.tables import OpenTable
from mmctr.data.reading.time_settings import unused_settings
from mmctr.data.reading.times import read_times
from mmctr.data.reading.values import replaced, require_values, texts_of

FRACTION = "timestamp_fraction"
_BEFORE_1 = 1 - 1e-9
_DROP_USERS = "preparation.reading.drop_placeholder_users=true"
_DROP_ZEROS = "preparation.reading.drop_zero_times=true"


def read_events(
    table: OpenTable, params: ReadingParams, notes: Notes
) -> tuple[pa.Table, bool, dict[str, str]]:
    """Read the log.

    Args:
        table: Its files.
        params: How they are read.
        notes: Take what is recognised.

    Returns:
        The log as :class:`mmctr.data.reading.source.LogSource` has it, but for ids,
        which may yet be of another type than those of the items; whether it has a
        clock; the roles of its columns.

    Raises:
        ValueError: Naming file, column and rows of what is wrong.
    """
    rows = _with_ids(table, table.read(), params)
    rows, clock = _with_times(table, rows, params, notes)
    rows, chosen = keep_rows(table, rows, params, notes)
    rows, roles = _with_label(table, rows, params, notes)
    roles |= chosen
    rows = _without_placeholders(table, rows, params, notes)
    rows = _without_zero_times(table, rows, params, notes, clock=clock)
    if not rows.num_rows:
        raise ValueError(f"{table.place}: no event is left; see preparation.reading")
    if LABEL in rows.column_names:
        require_both_labels(rows[LABEL], f"{table.place}: the label")
    if "impression_id" in rows.column_names:
        without = rows["impression_id"].null_count
        if without:
            notes.warn(
                f"{table.where('impression_id')} is empty in {without:,} of "
                f"{len(rows):,} rows: each is a group of its own"
            )
        column = IdColumn(table.place, rows["impression_id"], table.raw.is_typed)
        rows = replaced(rows, "impression_id", unify_ids("impression_id", [column])[0])
        roles["impression_id"] = "impression_id"
    return rows, clock, roles | _same("user_id", "item_id", "timestamp")


def read_history(
    table: OpenTable, params: ReadingParams, notes: Notes
) -> tuple[pa.Table, dict[str, str]]:
    """Read clicks that came before the log.

    Args:
        table: Its files; a row may hold one item or a list of them.
        params: How they are read.
        notes: Take what is recognised.

    Returns:
        One row per click: ``user_id``, ``item_id`` and, where there are times,
        ``timestamp`` and ``timestamp_fraction``, which also has the order within a
        list; the roles of the file's columns.

    Raises:
        ValueError: Naming file, column and rows of what is wrong.
    """
    return history_rows(table, table.read(), params, notes)


def history_rows(
    table: OpenTable,
    rows: pa.Table,
    params: ReadingParams,
    notes: Notes,
    *,
    is_whole: bool = True,
) -> tuple[pa.Table, dict[str, str]]:
    """Turn rows of the history's files into clicks, see :func:`read_history`.

    Args:
        table: Their files.
        rows: All columns.
        params: How they are read.
        notes: Take what is recognised.
        is_whole: Whether these are all rows.
    """
    rows, roles = _with_label(table, rows, params, notes, is_whole=is_whole)
    if LABEL in rows.column_names:
        clicked = pc.equal(rows[LABEL], 1)
        others = rows.num_rows - int(pc.sum(clicked).as_py() or 0)
        rows = rows.filter(clicked)
        notes.tell(f"{table.place}: {others:,} rows that are no clicks are left out")
    if "timestamp" in rows.column_names:
        rows, _ = _with_times(table, rows, params, notes)
    is_lists = is_list(rows["item_id"].type)
    if is_lists:
        rows = _exploded(rows)
    rows = _with_ids(table, rows, params)
    if is_lists:
        rows = _once_per_user(rows)
        notes.tell(
            f"{table.place}: lists of clicks, oldest first: {rows.num_rows:,} "
            "clicks; one that several lists of a user hold counts once"
        )
    rows = _without_placeholders(table, rows, params, notes)
    kept = ["user_id", "item_id", "timestamp", FRACTION]
    rows = rows.select([name for name in kept if name in rows.column_names])
    return rows, roles | _same(*rows.column_names)


def ids_alone(table: OpenTable) -> pa.Table:
    """Read the ids of a table's items alone, int64 or string."""
    ids = table.read(["item_id"])["item_id"]
    if is_list(ids.type):
        ids = pc.list_flatten(ids)
    return pa.table({"item_id": id_values(ids, table.where("item_id"))})


def _with_ids(table: OpenTable, rows: pa.Table, params: ReadingParams) -> pa.Table:
    for name in ("user_id", "item_id", "impression_id"):
        if name not in rows.column_names:
            continue
        rows = replaced(rows, name, id_values(rows[name], table.where(name)))
        if name == "item_id":
            require_values(rows[name], table.where(name))
        elif name == "user_id" and not params.drop_placeholder_users:
            remedy = f", as --params {_DROP_USERS} does"
            require_values(rows[name], table.where(name), remedy)
    return rows


def _with_times(
    table: OpenTable, rows: pa.Table, params: ReadingParams, notes: Notes
) -> tuple[pa.Table, bool]:
    where = table.where("timestamp")
    form, zone = params.time_format, params.time_zone
    times = read_times(rows["timestamp"], params.time_unit, where, form, zone)
    notes.tell(times.note)
    for text in unused_settings(rows["timestamp"].type, times, params, where):
        notes.warn(text)
    rows = replaced(rows, "timestamp", times.seconds)
    if times.fraction is not None:
        rows = rows.append_column(FRACTION, times.fraction)
    return rows, times.clock


def _with_label(
    table: OpenTable,
    rows: pa.Table,
    params: ReadingParams,
    notes: Notes,
    *,
    is_whole: bool = True,
) -> tuple[pa.Table, dict[str, str]]:
    rules = params.label
    is_log = table.raw.table == "interactions"
    if not is_log and rules.column not in rows.column_names:
        # The history may hold clicks alone, without the column that tells them.
        rules = rules.model_copy(update={"column": None})
        if LABEL not in rows.column_names:
            rules = rules.model_copy(update={"threshold": None, "positive": []})
    taken = label_column(rows.column_names, rules, table.place)
    others = require_no_other_label(rows, taken, rules, table.place)
    for name in others:
        notes.warn(f"{table.where(name)} looks like a label too; it is none here")
    if taken is None:
        for name in possible_labels(rows) if is_log else []:
            notes.warn(
                f"{table.where(name)} may tell clicks from the rest, but every row "
                f"counts as a click: {label_remedy(rows[name], name)}"
            )
        return rows, {}
    label = read_label(rows[taken], rules, table.where(taken), is_whole=is_whole)
    place = rows.column_names.index(taken)
    if taken != LABEL and LABEL in rows.column_names:
        raise ValueError(
            f"{table.place}: '{taken}' is to be the label, but there is a column "
            f"'{LABEL}' too; leave it out with "
            f"--params preparation.reading.ignore_columns=[{LABEL}]"
        )
    notes.tell(f"{table.where(taken)} is the label{_rule(params)}")
    return rows.set_column(place, LABEL, label), {taken: LABEL}


def _rule(params: ReadingParams) -> str:
    if params.label.positive:
        words = [texts_of(value)[0] for value in params.label.positive]
        return f": clicks are {', '.join(words)}"
    if params.label.threshold is not None:
        return f": a click from {params.label.threshold:g} on"
    return ""


def _without_placeholders(
    table: OpenTable, rows: pa.Table, params: ReadingParams, notes: Notes
) -> pa.Table:
    marked = placeholder_users(rows["user_id"])
    found = describe_placeholders(rows["user_id"], marked, table.place)
    if not params.drop_placeholder_users:
        if found is not None:
            notes.warn(f"{found}; drop these events with --params {_DROP_USERS}")
        return rows
    marked = pc.fill_null(marked, True)
    dropped = int(pc.sum(marked).as_py() or 0)
    if dropped:
        notes.warn(
            f"{table.place}: {dropped:,} events of users that are empty or "
            f"placeholders are dropped ({_DROP_USERS})"
        )
    return rows.filter(pc.invert(marked))


def _without_zero_times(
    table: OpenTable,
    rows: pa.Table,
    params: ReadingParams,
    notes: Notes,
    *,
    clock: bool,
) -> pa.Table:
    zeros = pc.equal(rows["timestamp"], 0)
    count = int(pc.sum(zeros).as_py() or 0)
    if not clock or not count:
        return rows
    first = np.flatnonzero(zeros.to_numpy())[:5].tolist()
    text = (
        f"{table.where('timestamp')} is 0 in {count:,} of {len(rows):,} rows, first "
        f"rows {first}: mostly a missing time, read as 1970-01-01"
    )
    if not params.drop_zero_times:
        notes.warn(f"{text}; drop them with --params {_DROP_ZEROS}")
        return rows
    notes.warn(f"{text}; these are dropped ({_DROP_ZEROS})")
    return rows.filter(pc.invert(zeros))


def _exploded(rows: pa.Table) -> pa.Table:
    """A row per value of the lists in ``item_id``.

    A nanosecond lies between the clicks of a list, which keeps their order.
    """
    lists = rows["item_id"].combine_chunks()
    parents = pc.list_parent_indices(lists)
    others = rows.drop_columns(["item_id"]).take(parents)
    lists_of = parents.to_numpy()
    places = np.arange(len(lists_of)) - np.searchsorted(lists_of, lists_of)
    fraction = places * 1e-9
    if FRACTION in others.column_names:
        fraction = np.minimum(fraction + others[FRACTION].to_numpy(), _BEFORE_1)
        others = others.drop_columns([FRACTION])
    others = others.append_column("item_id", pc.list_flatten(lists))
    return others.append_column(FRACTION, pa.array(fraction))


def _once_per_user(rows: pa.Table) -> pa.Table:
    """Of each user's clicks of an item one: of the first list, its last place there."""
    keys = ["user_id", "item_id"]
    times = [x for x in ("timestamp", FRACTION) if x in rows.column_names]
    order = [(x, "ascending" if x == "timestamp" else "descending") for x in times]
    grouped = rows.select([*keys, *times]).sort_by(order)
    first = grouped.group_by(keys, use_threads=False).aggregate(
        [(name, "first") for name in times]
    )
    return first.rename_columns(
        [name.removesuffix("_first") for name in first.column_names]
    )


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}
