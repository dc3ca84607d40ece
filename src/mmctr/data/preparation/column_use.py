"""What each column of the raw files is used for."""

from collections.abc import Iterator, Mapping

from mmctr.data.fields.params import CLICKED
from mmctr.data.fields.state import ColumnUse
from mmctr.data.preparation.groups import BY_IMPRESSION, Groups
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.reading.source import LogSource, ReadColumn

_SIDES = {"interactions": "row", "items": "item", "users": "user", "history": "user"}

Use = tuple[str, str]
"""Kind, and why the column is used."""

_ITEMS: dict[str, Use] = {
    "item_id": ("id", "the item"),
    "title": ("text", "title vectors"),
}
_USERS: dict[str, Use] = {"user_id": ("id", "the user")}
_HISTORY: dict[str, Use] = {
    "user_id": ("id", "the user"),
    "item_id": ("id", "the clicked item"),
    "timestamp": ("time", "time of the click"),
}


def column_use(
    source: LogSource,
    groups: Groups | None,
    params: PreparationParams,
    fields: Mapping[str, ColumnUse],
    dates: str | None = None,
) -> dict[str, dict[str, object]]:
    """Say of every column of the raw files whether and as what it is used.

    Args:
        source: What was read.
        groups: Of the rows of impressions; None for a log of clicks.
        params: May name a column of weights.
        fields: Name -> what was made of a column that may be a field.
        dates: Column of the items that ages of items count from; None for none.

    Returns:
        ``side`` (``row``, ``item`` or ``user``), ``kind``, ``used`` and ``why`` by the
        column's name; behind its table and a dot where a table before it has the name:
        the log, the items, the users, the history.
    """
    log: dict[str, Use] = {
        "user_id": ("id", "whose row it is"),
        "item_id": ("id", "the target"),
        "timestamp": ("time", "split, histories"),
        "timestamp_fraction": ("time", "order within a second"),
    }
    if groups is not None:
        log["label"] = ("label", "1 for a click")
        if groups.kind == BY_IMPRESSION:
            log["impression_id"] = ("id", "groups")
    if params.weight_column is not None:
        log[params.weight_column] = ("number", f"{params.weight_is} of the row")
    uses = {"interactions": log, "items": _ITEMS, "users": _USERS, "history": _HISTORY}
    # Fields of the row's time are no columns, whatever the names of these.
    as_fields = {
        (use.side, use.column): use for use in fields.values() if use.kind != "time"
    }
    found: dict[str, dict[str, object]] = {}
    for column in source.read or _as_they_are(source):
        name, side = column.column, _SIDES[column.table]
        key = f"{column.table}.{name}" if name in found else name
        use = uses[column.table].get(column.role or name)
        field = as_fields.get(
            (side, column.role or name), as_fields.get((side, CLICKED + name))
        )
        if use is None and field is None and column.role is not None:
            use = (column.role, column.role)
        if name == dates and side == "item" and not (field and field.used):
            use = ("time", "item_age")
        if use is None and field is not None:
            found[key] = field.model_dump(exclude={"column"})
        else:
            found[key] = {"side": side} | _describe(use, column.why, side)
    return found


def _describe(use: Use | None, why: str, side: str) -> dict[str, object]:
    if use is not None and not why:
        return {"kind": use[0], "used": True, "why": use[1]}
    unused = "not named in fields.context" if side == "row" else "not read"
    return {"kind": None, "used": False, "why": why or unused}


def _as_they_are(source: LogSource) -> Iterator[ReadColumn]:
    """The columns of a source that was not read from files."""
    for table in _SIDES:
        held = source.log if table == "interactions" else getattr(source, table)
        for name in held.column_names if held is not None else []:
            yield ReadColumn(table, table, name, None)
