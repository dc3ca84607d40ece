"""What each column of the raw files is used for."""

from collections.abc import Mapping

import pyarrow as pa

from mmctr.data.fields.state import ColumnUse
from mmctr.data.preparation.groups import BY_IMPRESSION, Groups
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.reading.source import LogSource

Use = tuple[str, str]
"""Kind, and why the column is used."""

_ITEMS: dict[str, Use] = {
    "item_id": ("id", "the item"),
    "title": ("text", "title vectors"),
    "tags": ("tags", "tags of the item"),
    "likes": ("level", "likes level"),
    "views": ("level", "views level"),
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
) -> dict[str, dict[str, object]]:
    """Say of every column of the raw files whether and as what it is used.

    Args:
        source: What was read.
        groups: Of the rows of impressions; None for a log of clicks.
        params: May name a column of weights.
        fields: Name -> what was made of a column that may be a field.

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
    tables = (
        ("interactions", "row", source.log, log),
        ("items", "item", source.items, _ITEMS),
        ("users", "user", source.users, _USERS),
        ("history", "user", source.history, _HISTORY),
    )
    as_fields = {(use.side, use.column): use for use in fields.values()}
    found: dict[str, dict[str, object]] = {}
    for name, side, table, uses in tables:
        for column in table.schema if table is not None else []:
            key = f"{name}.{column.name}" if column.name in found else column.name
            found[key] = _describe(
                column, side, uses.get(column.name), as_fields.get((side, column.name))
            )
    return found


def _describe(
    column: pa.Field, side: str, use: Use | None, field: ColumnUse | None
) -> dict[str, object]:
    if use is None and field is not None:
        return field.model_dump(exclude={"column"})
    if use is None:
        why = "not named in fields.context" if side == "row" else "not read"
        return {"side": side, "kind": str(column.type), "used": False, "why": why}
    return {"side": side, "kind": use[0], "used": True, "why": use[1]}
