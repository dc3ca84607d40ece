"""What the datasets that read a log's folder share."""

from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import pandas as pd
import pyarrow as pa
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from mmctr.data.reading.files import read_schema, table_size
from mmctr.data.reading.labels import LABEL, label_remedy, possible_labels
from mmctr.data.reading.location import TABLES, LogFolder, RawTable, remote_hashes
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.parquet_files import count_rows
from mmctr.data.reading.samples import describe_times, sample_tables
from mmctr.data.reading.tables import NEEDED_TABLES, table_problems

Source = TypeVar("Source")


class RawLog(AbstractDataset[NoReturn, Source], Generic[Source]):
    """The folder of a log, here or remote, which is only read."""

    def __init__(
        self,
        *,
        path: str,
        reading: dict[str, Any] | None = None,
        image_column: str = "image_vector",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the folder.

        Args:
            path: A folder, or an address such as ``s3://bucket/folder``.
            reading: Of :class:`mmctr.data.reading.params.ReadingParams`, how files are
                read.
            image_column: Column of the item table with ready image vectors.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._path = path
        self._reading = reading or {}
        self._image_column = image_column
        self.metadata = metadata

    @property
    def params(self) -> ReadingParams:
        """How files are read; checked here, after the whole parameter tree."""
        return ReadingParams(**self._reading)

    def files(self) -> dict[str, Path]:
        """Paths of what is on this machine, by name: a file or folder for each table.

        Where links are followed, the files of a folder: they may be links.
        """
        paths = {}
        for table in self._read_tables():
            if not table.is_local:
                continue
            if table.folder is None or self.params.follow_links:
                paths |= {table.short_label(x): Path(x) for x in table.files}
            else:
                paths[table.name] = Path(table.folder)
        return paths

    def remote_hashes(self) -> dict[str, str]:
        """What the store says of each remote file's version, by its address."""
        return {
            file: mark
            for table in self._read_tables()
            if not table.is_local
            for file, mark in remote_hashes(table).items()
        }

    def reading_hashes(self) -> dict[str, str]:
        """Hashes of parameters that decide what is read, where no node takes them."""
        return {}

    def size(self) -> int:
        """Bytes of all files together."""
        return sum(map(table_size, self._found()))

    def problems(self) -> list[str]:
        """What is wrong with the files by their schemas, a sentence each."""
        return table_problems(self._path, self._image_column, self.params)

    def sample(self, rows: int) -> dict[str, pa.Table]:
        """The first rows of each table; see
        :func:`mmctr.data.reading.samples.sample_tables`.
        """
        return sample_tables(self._path, self._image_column, self.params, rows)

    def describe_times(self, rows: int) -> str:
        """What the times of the first rows are read as; a ValueError if they can't."""
        return describe_times(self.sample(rows)["interactions"], self.params)

    def possible_labels(self, rows: int) -> list[str]:
        """What to do about columns of the first rows that could tell clicks."""
        log, reading = self.sample(rows)["interactions"], self.params
        if LABEL in log.column_names or reading.label.column is not None:
            return []
        log = log.drop_columns([x for x in reading.keep if x in log.column_names])
        return [f"'{x}': {label_remedy(log[x], x)}" for x in possible_labels(log)]

    def save(self, data: NoReturn) -> None:
        """Refuse."""
        raise DatasetError(f"{self._path}: raw files are only read")

    def preview(self) -> TablePreview:
        """Name, rows and columns of each table that is there, for kedro-viz."""
        lines = [
            [
                table.name,
                count_rows(table) if table.is_typed else None,
                ", ".join(read_schema(table).names),
            ]
            for table in self._found()
        ]
        frame = pd.DataFrame(lines, columns=["file", "rows", "columns"], dtype=object)
        return TablePreview(frame.to_dict(orient="split"))

    def _read_tables(self) -> list[RawTable]:
        """The tables that loading reads."""
        return self._found()

    def _found(self) -> list[RawTable]:
        """The tables that are there; loading says what is wrong with others."""
        found = []
        for name in TABLES:
            try:
                table = LogFolder(self._path).find(
                    name, follow_links=self.params.follow_links
                )
            except (OSError, ValueError):
                continue
            found += [table] if table else []
        return found

    def _exists(self) -> bool:
        return set(NEEDED_TABLES) <= {table.table for table in self._found()}

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path, "image_column": self._image_column}
