"""The tables of a log: found, their columns named and held against their roles."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pyarrow as pa

from mmctr.data.column_kinds import is_list, type_problem
from mmctr.data.reading.damage import NO_UTF8
from mmctr.data.reading.files import read_columns, read_schema
from mmctr.data.reading.labels import LABEL, overlooked_labels
from mmctr.data.reading.location import TABLES, LogFolder, RawTable
from mmctr.data.reading.names import (
    NamedColumns,
    missing_columns,
    name_columns,
    require_known_names,
)
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.parquet_files import count_rows
from mmctr.data.reading.source import ReadColumn

NEEDED_TABLES = ("interactions", "items")
"""The tables without which there is no log."""

# Columns that stay text where a file gives no types: 007 is no 7.
_TEXTS = ("user_id", "item_id", "impression_id", "title", "tags", "tag")


@dataclass(frozen=True)
class Role:
    """What a column of a table means.

    Attributes:
        kind: A key of :data:`mmctr.data.column_kinds.KINDS`.
        needed: Whether the table must have it.
    """

    kind: str
    needed: bool = False


def roles_of(
    table: str, image_column: str | None, label: str | None
) -> dict[str, Role]:
    """Say which columns of a table have a meaning, by the project's names.

    Args:
        table: ``interactions``, ``items``, ``users`` or ``history``.
        image_column: Column of ready image vectors.
        label: Column that becomes the label.
    """
    identified = Role("id", needed=True)
    labels = {label or LABEL: Role("label")}
    roles = {
        "interactions": {
            "user_id": identified,
            "item_id": identified,
            "timestamp": Role("time", needed=True),
            "impression_id": Role("id"),
            **labels,
        },
        "items": {
            "item_id": identified,
            "title": Role("text or what becomes it"),
            "tags": Role("tags"),
            "tag": Role("tags"),
            "likes": Role("count"),
            "views": Role("count"),
        },
        "users": {"user_id": identified},
        "history": {
            "user_id": identified,
            "item_id": Role("id or ids", needed=True),
            "timestamp": Role("time"),
            **labels,
        },
    }
    if image_column is not None:
        roles["items"][image_column] = Role("vectors")
    return roles[table]


@dataclass(frozen=True)
class OpenTable:
    """A table whose files were found and whose schema was read.

    Attributes:
        raw: The files.
        schema: Of all columns, by their names in the files.
        names: The columns that are read and those that are not.
        roles: What columns mean, by the project's names.
    """

    raw: RawTable
    schema: pa.Schema
    names: NamedColumns
    roles: dict[str, Role]

    @property
    def place(self) -> str:
        """The file or folder, for messages."""
        return self.raw.place

    def where(self, name: str) -> str:
        """File and column, for messages, by the column's name in the file."""
        return f"{self.place}: column '{self.names.taken[name]}'"

    def problems(self) -> list[str]:
        """Columns that are missing, or of a type that their role can't have."""
        taken, found = self.names.taken, []
        for name in [x for x in self.roles if x in taken]:
            held = self.schema.field(taken[name]).type
            problem = type_problem(held, self.roles[name].kind)
            if problem and not self.raw.is_typed and pa.types.is_binary(held):
                problem = NO_UTF8
            found += [f"{self.where(name)} {problem}"] if problem else []
        lacking = [
            x for x, role in self.roles.items() if role.needed and x not in taken
        ]
        if lacking:
            found.append(missing_columns(lacking, self.names, self.place))
        return found

    def read(self, only: Iterable[str] | None = None) -> pa.Table:
        """Read all rows, columns by the project's names.

        Args:
            only: Columns to read, those that are there; None for all.
        """
        taken = self.names.taken
        chosen = list(taken) if only is None else [x for x in only if x in taken]
        files = [taken[name] for name in chosen]
        rows = read_columns(self.raw, self.schema, files, self.texts(chosen))
        return rows.rename_columns(chosen)

    def texts(self, chosen: Iterable[str]) -> list[str]:
        """Columns that stay text where files give no types, by their names there."""
        return [self.names.taken[x] for x in _TEXTS if x in chosen]

    def columns(self, taken_as: dict[str, str]) -> list[ReadColumn]:
        """List every column of the files.

        Args:
            taken_as: The role that columns have been given, by the project's name.
        """
        table, file = self.raw.table, self.raw.name
        unused = "no part of a click" if table == "history" else ""
        read = [
            ReadColumn(
                table,
                file,
                theirs,
                taken_as.get(ours),
                "" if ours in taken_as else unused,
            )
            for ours, theirs in self.names.taken.items()
        ]
        return read + [
            ReadColumn(table, file, name, None, f"not read: {why}")
            for name, why in self.names.ignored.items()
        ]


def open_table(
    folder: LogFolder,
    table: str,
    image_column: str | None,
    params: ReadingParams,
    needed: Collection[str] = NEEDED_TABLES,
) -> OpenTable | None:
    """Find a table and read its schema, no row.

    Args:
        folder: The log's folder.
        table: Which one.
        image_column: Column of ready image vectors.
        params: How it is read.
        needed: The tables that must be there.

    Returns:
        The table; None if it is not there and need not be.

    Raises:
        FileNotFoundError: If it must be there.
        ValueError: If a file can't be read, or names are not clear.
    """
    find = folder.expect if table in needed else folder.find
    raw = find(table, follow_links=params.follow_links)
    if raw is None:
        return None
    schema = read_schema(raw)
    names = name_columns(schema.names, params, raw.place)
    lists = names.taken.get("history")
    if table == "history" and lists and is_list(schema.field(lists).type):
        # Also seen: a row per user, its clicks in one list.
        names.taken.setdefault("item_id", names.taken.pop("history"))
    return OpenTable(
        raw, schema, names, roles_of(table, image_column, params.label.column)
    )


def open_tables(
    folder: LogFolder, image_column: str | None, params: ReadingParams
) -> dict[str, OpenTable]:
    """Find all tables and check their columns.

    Args:
        folder: The log's folder.
        image_column: Column of ready image vectors.
        params: How they are read.

    Returns:
        The tables that are there, by name.

    Raises:
        FileNotFoundError: If a table is missing.
        ValueError: Naming every column that is missing or of a wrong type.
    """
    opened = {name: open_table(folder, name, image_column, params) for name in TABLES}
    there = {name: table for name, table in opened.items() if table is not None}
    require_known_names(
        params, [name for table in there.values() for name in table.schema.names]
    )
    if problems := [text for table in there.values() for text in table.problems()]:
        raise ValueError("; ".join(problems))
    return there


def table_problems(
    path: str, image_column: str | None, params: ReadingParams
) -> list[str]:
    """Compare all tables with what they must look like; no row is read.

    Returns:
        One sentence per problem, each naming the file.
    """
    problems, opened = [], []
    for name in TABLES:
        try:
            table = open_table(LogFolder(path), name, image_column, params)
        except (OSError, ValueError) as error:
            problems.append(str(error))
            continue
        if table is None:
            continue
        opened.append(table)
        problems += table.problems()
        if name == "interactions":
            names = [x for x in table.names.taken if x not in params.keep]
            problems += overlooked_labels(names, params.label, table.place)
        if table.raw.is_typed and not count_rows(table.raw):
            problems.append(f"{table.place}: no rows; write the file again")
    if not problems:
        try:
            require_known_names(params, [x for t in opened for x in t.schema.names])
        except ValueError as error:
            problems.append(str(error))
    return list(dict.fromkeys(problems))
