"""The rows of a table a piece at a time, in the order of its files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from mmctr.data.reading.csv_files import csv_batches, scan_csv
from mmctr.data.reading.damage import fail
from mmctr.data.reading.files import decoded
from mmctr.data.reading.parquet_files import (
    count_rows,
    open_dataset,
    row_ranges,
    unify_schemas,
)
from mmctr.data.reading.tables import OpenTable


@dataclass(frozen=True)
class RowPieces:
    """A table that is read piece by piece.

    Of parquet no more than a row group and a piece are in memory, of other forms a
    piece. Files without types are read once more, since all of a column decides what
    it is.

    Attributes:
        table: Its files.
    """

    table: OpenTable

    def count(self) -> int:
        """Count the rows."""
        if self.table.raw.is_typed:
            return count_rows(self.table.raw)
        return sum(rows for _, rows in self._scanned)

    def read(
        self, size: int, first: int = 0, only: list[str] | None = None
    ) -> Iterator[pa.Table]:
        """Read rows in their order.

        Args:
            size: Rows per piece; the last one has fewer.
            first: Number of the first piece that is asked for.
            only: Columns to read, those that are there; None for all.

        Yields:
            The pieces, columns by the project's names, dictionaries and runs decoded.

        Raises:
            ValueError: If a file is damaged; it names the file.
        """
        taken = self.table.names.taken
        chosen = list(taken) if only is None else [x for x in only if x in taken]
        names = [taken[x] for x in chosen]
        parts: list[pa.Table] = []
        lacking = size
        for rows in self._from_row(names, first * size, size):
            rest = rows
            while rest.num_rows:
                parts.append(rest.slice(0, lacking))
                lacking -= parts[-1].num_rows
                rest = rest.slice(parts[-1].num_rows)
                if not lacking:
                    yield _joined(parts, chosen)
                    parts, lacking = [], size
        if parts:
            yield _joined(parts, chosen)

    def _from_row(self, names: list[str], start: int, size: int) -> Iterator[pa.Table]:
        if self.table.raw.is_typed:
            return _parquet_rows(self.table, names, start, size)
        return self._csv_rows(names, start)

    def _csv_rows(self, names: list[str], start: int) -> Iterator[pa.Table]:
        raw, texts = self.table.raw, self._texts
        kinds = unify_schemas(
            raw,
            {
                file: schema
                for file, (schema, _) in zip(raw.files, self._scanned, strict=True)
            },
        )
        nothing = pa.schema([kinds.field(x) for x in names]).empty_table()
        row = 0
        for file, (schema, count) in zip(raw.files, self._scanned, strict=True):
            if row + count > start:
                held = pa.schema([x for x in schema if x.name in names])
                for batch in csv_batches(raw, file, held, texts):
                    rows = batch.slice(max(start - row, 0))
                    row += batch.num_rows
                    if rows.num_rows:
                        yield pa.concat_tables(
                            [nothing, rows], promote_options="permissive"
                        )
            else:
                row += count

    @property
    def _texts(self) -> list[str]:
        return self.table.texts(self.table.names.taken)

    @cached_property
    def _scanned(self) -> list[tuple[pa.Schema, int]]:
        """Types and rows of each file that has no types."""
        raw, names = self.table.raw, list(self.table.names.taken.values())
        return [scan_csv(raw, file, names, self._texts) for file in raw.files]


def _joined(parts: list[pa.Table], names: list[str]) -> pa.Table:
    rows = pa.concat_tables(parts).combine_chunks()
    return pa.table([decoded(column) for column in rows.columns], names)


def _parquet_rows(
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
