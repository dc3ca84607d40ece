"""What a log was, what of it is in no row, and what its columns are used for."""

from collections.abc import Mapping
from typing import Any

from mmctr.reporting.blocks import Block, Folded, Table, Text
from mmctr.reporting.pages import say
from mmctr.reporting.words import NOTHING, cell, count, percent, plain, utc

_OWN = ("kind", "groups", "columns", "dropped", "notes", "parts")
_MOMENTS = ("valid_from", "test_from")


def log_blocks(log: dict[str, Any], modalities: Mapping[str, str]) -> list[Block]:
    """Show the log's kind, days, losses and columns.

    Args:
        log: ``log`` of ``preparation.json``.
        modalities: Column of the items -> the modality that is made of it.
    """
    columns = [
        (name, _as_modality(use, modalities.get(name)))
        for name, use in log["columns"].items()
    ]
    found = [
        [plain(name), _found(name, value, log["clock"])]
        for name, value in log.items()
        if name not in _OWN and value not in (None, {})
    ]
    split = Table("The log", ("what", "found"), found, words=2)
    notes = [Text(note) for note in log.get("notes", [])]
    return [
        Text(say("log_kind", log=log)),
        _dropped_table(log["dropped"]),
        Folded(
            "What reading and splitting the log found",
            [split, *_part_tables(log.get("parts", {})), *notes],
        ),
        Folded("What the columns are used for", [_column_table(columns)]),
    ]


def dropped_sentence(log: dict[str, Any]) -> str:
    """Say in a line what of the log is in no row."""
    return ", ".join(
        f"{percent(found['share'])} of {name}" for name, found in log["dropped"].items()
    )


def _dropped_table(dropped: dict[str, Any]) -> Table:
    return Table.of_records(
        "What of the log is in no row",
        dropped.items(),
        {
            "what": lambda named: named[0],
            "in the log": lambda named: count(named[1]["of"]),
            "in no row": lambda named: count(named[1]["dropped"]),
            "share": lambda named: percent(named[1]["share"]),
            "why": lambda named: (
                "; ".join(f"{why}: {count(n)}" for why, n in named[1]["why"].items())
                or NOTHING
            ),
        },
    )


def _part_tables(parts: dict[str, dict[str, int]]) -> list[Table]:
    """Counts of each part's events, from the first part that has them."""
    if not parts:
        return []
    names = list(dict.fromkeys(name for each in parts.values() for name in each))
    rows = [
        [part, *(count(found.get(name, 0)) for name in names)]
        for part, found in parts.items()
    ]
    return [Table("What became of events", ["part", *map(plain, names)], rows)]


def _found(name: str, value: Any, clock: bool) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{plain(x)}: {cell(y)}" for x, y in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _MOMENTS and clock:
        return utc(value)
    return count(value) if isinstance(value, int) else cell(value)


def _as_modality(use: dict[str, Any], modality: str | None) -> dict[str, Any]:
    """What is said of a column that is no field, where a modality is made of it."""
    if modality is None or use["side"] != "item" or use["kind"] is not None:
        return use
    return {**use, "kind": "vector", "used": True, "why": f"the modality {modality}"}


def _column_table(columns: list[tuple[str, Any]]) -> Table:
    return Table.of_records(
        "Columns of the raw files",
        columns,
        {
            "column": lambda named: named[0],
            "side": lambda named: named[1]["side"],
            "kind": lambda named: named[1]["kind"] or NOTHING,
            "used": lambda named: "yes" if named[1]["used"] else "no",
            "why": lambda named: named[1]["why"] or NOTHING,
        },
        words=5,
    )
