"""What the datasets of raw files share."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from mmctr.data.datasets.raw_file import RawFile, raw_file_problems, read_raw_file

Source = TypeVar("Source")


class RawFolder(AbstractDataset[NoReturn, Source], Generic[Source]):
    """A folder of raw files, which is only read."""

    def __init__(
        self,
        *,
        path: str,
        image_column: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the folder.

        Args:
            path: The folder.
            image_column: Column of the item table with image vectors; None for none.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._path = Path(path)
        self._image_column = image_column
        self.metadata = metadata

    @abstractmethod
    def layout(self) -> dict[str, RawFile]:
        """Every file that is read, by its name below the folder."""

    def files(self) -> dict[str, Path]:
        """The files' paths by name; some of them need not exist."""
        return {name: self._path / name for name in self.layout()}

    def remote_hashes(self) -> dict[str, str]:
        """Nothing: all files are on this machine."""
        return {}

    def reading_hashes(self) -> dict[str, str]:
        """Nothing: these files have one form."""
        return {}

    def size(self) -> int:
        """Bytes of all files together."""
        there = [path for path in self.files().values() if path.is_file()]
        return sum(path.stat().st_size for path in there)

    def problems(self) -> list[str]:
        """What is wrong with the files by their metadata alone, a sentence each."""
        files = self.files()
        return [
            problem
            for name, expected in self.layout().items()
            for problem in raw_file_problems(files[name], expected)
        ]

    def save(self, data: NoReturn) -> None:
        """Refuse."""
        raise DatasetError(f"{self._path}: raw files are only read")

    def preview(self) -> TablePreview:
        """Name, rows and columns of each file that is there, for kedro-viz."""
        lines: list[list[object]] = []
        for name, path in self.files().items():
            if path.is_file() and path.suffix == ".parquet":
                metadata = pq.read_metadata(path)
                columns = metadata.schema.to_arrow_schema().names
                lines.append([name, metadata.num_rows, ", ".join(columns)])
            elif path.is_file():
                lines.append([name, None, ""])
        frame = pd.DataFrame(lines, columns=["file", "rows", "columns"], dtype=object)
        return TablePreview(frame.to_dict(orient="split"))

    def _read(self, name: str, unread: str | None = None) -> pa.Table:
        schema = self.layout()[name].schema
        assert schema is not None, name
        return read_raw_file(self._path / name, schema, unread=unread)

    def _exists(self) -> bool:
        needed = [name for name, file in self.layout().items() if file.needed]
        return all((self._path / name).is_file() for name in needed)

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "image_column": self._image_column}
