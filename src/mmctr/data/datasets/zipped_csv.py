"""A table as CSV, alone in a zip, as challenges take it."""

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview
from pyarrow import csv

# The earliest that a zip can hold: equal tables make equal files.
_DATE = (1980, 1, 1, 0, 0, 0)
# What a row of numbers takes at most; a bomb claims more than its rows.
_MOST_UNPACKED = 100


class ZippedCsvDataset(AbstractDataset[pd.DataFrame, pd.DataFrame]):
    """One CSV in one zip; equal tables give equal bytes.

    Example:
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
        self._path = Path(filepath)
        self._member = member
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Unpack and read it; Arrow reads floats to their last bit.

        Raises:
            ValueError: If the zip is damaged, holds anything else, or unpacks to far
                more than it is.
        """
        try:
            with zipfile.ZipFile(self._path) as archive:
                members = archive.infolist()
                names = [info.filename for info in members]
                if names != [self._member]:
                    raise ValueError(f"holds {names}, wanted {self._member} alone")
                size = members[0].file_size
                if size > _MOST_UNPACKED * self._path.stat().st_size:
                    raise ValueError(f"unpacks to {size:,} bytes, which no table does")
                # Reading to the end compares the checksum.
                with archive.open(members[0]) as file:
                    return csv.read_csv(file).to_pandas()
        except OSError:
            raise
        except Exception as error:  # decoders raise anything at damaged bytes
            raise ValueError(
                f"{self._path}: not a zip with {self._member} alone ({error})"
            ) from error

    def save(self, data: pd.DataFrame) -> None:
        """Write it, without the index."""
        if not isinstance(data, pd.DataFrame):
            raise TypeError(f"{self._path.name}: a table is wanted, got {type(data)}")
        self._path.parent.mkdir(parents=True, exist_ok=True)
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
        head = self.load().head(nrows)
        return TablePreview(head.to_dict(orient="split"))

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._path.as_posix(), "member": self._member}
