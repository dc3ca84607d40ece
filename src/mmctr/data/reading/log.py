"""A log with its items, users and earlier clicks, read from a folder."""

import pyarrow as pa

from mmctr.data.reading.events import ids_alone, read_events, read_history
from mmctr.data.reading.ids import IdColumn, require_same_form, unify_ids
from mmctr.data.reading.items import read_items, read_users
from mmctr.data.reading.location import LogFolder
from mmctr.data.reading.notes import Notes
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.source import LogSource
from mmctr.data.reading.tables import OpenTable, open_tables


def read_log(path: str, image_column: str | None, params: ReadingParams) -> LogSource:
    """Read the tables of a folder: ``interactions``, ``items``, ``users``, ``history``.

    Args:
        path: The folder, on this machine or remote.
        image_column: Column of the items with ready image vectors; it may be missing.
        params: How they are read.

    Returns:
        The log.

    Raises:
        FileNotFoundError: If the log or its items are missing.
        ValueError: Naming file, column and rows of what is wrong, and what to do.
    """
    folder = LogFolder(path)
    notes = Notes(folder.place)
    opened = open_tables(folder, image_column, params)
    log, clock, log_roles = read_events(opened["interactions"], params, notes)
    roles = {"interactions": log_roles}
    items, images, roles["items"] = read_items(
        opened["items"], image_column, params, notes
    )
    tables = {"interactions": log, "items": items}
    if "users" in opened:
        tables["users"] = read_users(opened["users"])
        roles["users"] = {"user_id": "user_id"}
    if "history" in opened:
        tables["history"], roles["history"] = read_history(
            opened["history"], params, notes
        )
    for name in ("item_id", "user_id"):
        tables |= _with_one_type(name, tables, opened)
    return LogSource(
        log=tables["interactions"],
        items=tables["items"],
        image_vectors=images,
        users=tables.get("users"),
        history=tables.get("history"),
        read=tuple(x for t in opened for x in opened[t].columns(roles[t])),
        notes=tuple(notes.texts),
        clock=clock,
    )


def read_item_ids(opened: dict[str, OpenTable]) -> list[object]:
    """Read the ids of a log's items alone, as :func:`read_log` gives them.

    Args:
        opened: The log's tables.

    Returns:
        ``n_items`` ids, int or str.
    """
    names = ["items"]
    if not opened["items"].raw.is_typed:
        # The other tables decide whether these are numbers.
        names += ["interactions", "history"]
    tables = {name: ids_alone(opened[name]) for name in names if name in opened}
    return _with_one_type("item_id", tables, opened)["items"]["item_id"].to_pylist()


def _with_one_type(
    name: str, tables: dict[str, pa.Table], opened: dict[str, OpenTable]
) -> dict[str, pa.Table]:
    """The tables that have an id, all of one type; the log's ids are in them."""
    having = [each for each in tables if name in tables[each].column_names]
    columns = [
        IdColumn(opened[each].place, tables[each][name], opened[each].raw.is_typed)
        for each in having
    ]
    unified = unify_ids(name, columns)
    changed = {}
    for each, values in zip(having, unified, strict=True):
        place = tables[each].column_names.index(name)
        changed[each] = tables[each].set_column(place, name, values)
    key = "items" if name == "item_id" else "users"
    if {key, "interactions"} <= set(changed):
        log, others = (
            IdColumn(opened[x].place, changed[x][name], True)
            for x in ("interactions", key)
        )
        require_same_form(name, log, others)
    return changed
