"""The rows of a table a piece at a time, in the order of its files."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from mmctr.data.reading.damage import fail
from mmctr.data.reading.files import decoded
from mmctr.data.reading.parquet_files import count_rows, open_dataset, row_ranges
from mmctr.data.reading.tables import OpenTable


def count_table_rows(table: OpenTable) -> int:
    """Count the rows of a table; one whose files have no types is read."""
    if table.raw.is_typed:
        return count_rows(table.raw)
    return table.read(["item_id"]).num_rows


def row_pieces(
    table: OpenTable, size: int, first: int = 0, only: list[str] | None = None
) -> Iterator[pa.Table]:
    """Read rows piece by piece.

    Of parquet no more than a row group and a piece are in memory; files without types
    are read whole, since all of a column decides what it is.

    Args:
        table: Its files.
        size: Rows per piece; the last one has fewer.
        first: Number of the first piece that is asked for.
        only: Columns to read, those that are there; None for all.

    Yields:
        The pieces, columns by the project's names, dictionaries and runs decoded.

    Raises:
        ValueError: If a file is damaged; it names the file.
    """
    if not table.raw.is_typed:
        rows = table.read(only)
        for start in range(first * size, rows.num_rows, size):
            yield rows.slice(start, size)
        return
    taken = table.names.taken
    chosen = list(taken) if only is None else [x for x in only if x in taken]
    parts: list[pa.Table] = []
    for rows in _from_row(table, [taken[x] for x in chosen], first * size, size):
        rest = rows
        while rest.num_rows:
            lacking = size - sum(part.num_rows for part in parts)
            parts.append(rest.slice(0, lacking))
            rest = rest.slice(lacking)
            if lacking == parts[-1].num_rows:
                yield _joined(parts, chosen)
                parts = []
    if parts:
        yield _joined(parts, chosen)


def _joined(parts: list[pa.Table], names: list[str]) -> pa.Table:
    rows = pa.concat_tables(parts).combine_chunks()
    return pa.table([decoded(column) for column in rows.columns], names)


def _from_row(
    table: OpenTable, files_names: list[str], start: int, size: int
) -> Iterator[pa.Table]:
    """Batches of parquet files from a row on; row groups before it are not read."""
    ranges = row_ranges(table.schema)
    stored = pa.schema([x for x in table.schema if x.name not in ranges])
    names = [x for x in files_names if x not in ranges]
    row = 0
    for fragment in open_dataset(table.raw, stored).get_fragments():
        for group in fragment.split_by_row_group():
            # Its count_rows() is that of the file.
            end = row + sum(each.num_rows for each in group.row_groups)
            if end <= start:
                row = end
                continue
            batches = group.to_batches(
                schema=stored,
                columns=names,
                batch_size=size,
                batch_readahead=1,
                fragment_readahead=1,
                use_threads=False,
            )
            try:
                for batch in batches:
                    batch.validate(full=True)
                    held = pa.Table.from_batches([batch]).slice(max(start - row, 0))
                    row += batch.num_rows
                    if held.num_rows:
                        yield _with_ranges(held, ranges, row, files_names)
            except (pa.ArrowException, OSError) as error:
                fail(table.raw, fragment.path, error)


def _with_ranges(
    rows: pa.Table, ranges: dict[str, range], end: int, names: list[str]
) -> pa.Table:
    for name in [x for x in names if x in ranges]:
        values = np.array(ranges[name][end - rows.num_rows : end])
        rows = rows.append_column(name, pa.array(values))
    return rows.select(names)
