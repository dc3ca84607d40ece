"""A table as CSV, alone in a zip, as challenges take it."""

import zipfile
from typing import Any

import pandas as pd
from kedro_datasets._typing import TablePreview
from pyarrow import csv

from mmctr.data.datasets.local_file import LocalFileDataset

# The earliest date a zip can hold: equal tables make equal files. The datasets of
# kedro-datasets write the time of the save.
_DATE = (1980, 1, 1, 0, 0, 0)
# Most unpacked bytes per packed byte: rows of numbers need far less, a zip bomb more.
_MOST_UNPACKED = 100


class ZippedCsvDataset(LocalFileDataset[pd.DataFrame, pd.DataFrame]):
    """One CSV in one zip; equal tables give equal bytes.

    Examples:
        >>> ZippedCsvDataset(filepath="submission.zip", member="prediction.csv").save(
        ...     pd.DataFrame({"ID": [0], "Task1&2": [0.5]})
        ... )
    """

    def __init__(
        self, *, filepath: str, member: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Point at a file.

        Args:
            filepath: Where the zip lies on this machine.
            member: Name of the CSV in it.
            metadata: For plugins such as kedro-viz; not used here.
        """
        super().__init__(filepath=filepath, metadata=metadata)
        self._member = member

    def load(self) -> pd.DataFrame:
        """Unpack and read it; Arrow reads floats to their last bit.

        Raises:
            ValueError: If the zip is damaged, holds anything else, or unpacks to far
                more than its own size.
        """
        return self._read_whole(self._unpack, f"a zip with {self._member} alone")

    def _unpack(self) -> pd.DataFrame:
        with zipfile.ZipFile(self._path) as archive:
            members = archive.infolist()
            names = [info.filename for info in members]
            if names != [self._member]:
                raise ValueError(f"holds {names}, expected {self._member} alone")
            size = members[0].file_size
            if size > _MOST_UNPACKED * self._path.stat().st_size:
                raise ValueError(f"unpacks to {size:,} bytes, which no table does")
            with archive.open(members[0]) as file:  # read to its end: checks the CRC
                return csv.read_csv(file).to_pandas()

    def save(self, data: pd.DataFrame) -> None:
        """Write it, without the index."""
        self._prepare_save(data, pd.DataFrame, "a table")
        info = zipfile.ZipInfo(self._member, _DATE)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with (
            zipfile.ZipFile(self._path, "w") as archive,
            archive.open(info, "w", force_zip64=False) as file,
        ):
            data.to_csv(file, index=False, lineterminator="\n")

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        return TablePreview(self.load().head(nrows).to_dict(orient="split"))

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "member": self._member}
