"""The rows of a log that are read, by values of a column."""

import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.reading.notes import Notes
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.tables import OpenTable
from mmctr.data.reading.values import as_text, texts_of

_PARAMETER = "preparation.reading.keep"
_SHOWN = 8


def keep_rows(
    table: OpenTable, rows: pa.Table, params: ReadingParams, notes: Notes
) -> tuple[pa.Table, dict[str, str]]:
    """Leave out the rows whose values are not named.

    Args:
        table: The log's files.
        rows: All columns.
        params: ``keep`` names columns and values.
        notes: Take how many rows are left out.

    Returns:
        The rows that stay, without the columns that chose them, but for those that have
        another role, as the label; the roles of these.

    Raises:
        ValueError: If a column is missing, or holds none of the rows' values.
    """
    roles = {}
    for name, values in params.keep.items():
        if name not in rows.column_names:
            raise ValueError(
                f"{table.place}: there is no column '{name}' ({_PARAMETER}); it has "
                f"{', '.join(rows.column_names)}"
            )
        texts, named = as_text(rows[name]), [texts_of(value) for value in values]
        held = pc.unique(texts).drop_null().to_pylist()
        if unknown := [each[0] for each in named if not set(each) & set(held)]:
            raise ValueError(
                f"{table.where(name)} holds no {', '.join(map(repr, unknown))} "
                f"({_PARAMETER}); it holds {', '.join(held[:_SHOWN])}"
            )
        chosen = [x for each in named for x in each if x in held]
        is_kept = pc.is_in(texts, pa.array(chosen, pa.string()))
        kept = rows.filter(is_kept)
        notes.tell(
            f"{table.where(name)}: {kept.num_rows:,} rows of {', '.join(chosen)} are "
            f"read, {rows.num_rows - kept.num_rows:,} others are left out"
        )
        rows = kept
        if name not in table.roles:
            rows, roles[name] = rows.drop_columns([name]), "rows to read"
    return rows, roles
