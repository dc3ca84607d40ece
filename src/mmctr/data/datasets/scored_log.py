"""A log that a bundle scores, named on the command line."""

import json
from typing import Any

from kedro.io import DatasetError

from mmctr.data.datasets.raw_log import RawLog
from mmctr.data.reading.location import RawTable
from mmctr.data.reading.scored_log import ROWS, ScoredLog
from mmctr.runtime.hashing import combined_hash


class ScoredLogDataset(RawLog[ScoredLog]):
    """The tables of a log's folder, opened to be read in pieces; never written."""

    def __init__(
        self,
        *,
        path: str | None = None,
        reading: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the folder.

        Args:
            path: A folder, or an address such as ``s3://bucket/folder``; None: none is
                named, which is an error only when it is loaded.
            reading: Of :class:`mmctr.data.reading.params.ReadingParams`.
            metadata: For plugins such as kedro-viz; not used here.
        """
        super().__init__(path=path or "", reading=reading, metadata=metadata)

    def load(self) -> ScoredLog:
        """Open the tables; rows are read later.

        Raises:
            DatasetError: If no folder is named.
            FileNotFoundError: If there are no rows.
            ValueError: Naming file and columns of what is wrong.
        """
        if not self._path:
            raise DatasetError(
                "no log is named that is to be scored: --params log=DIR, a folder with "
                f"{ROWS}.parquet"
            )
        return ScoredLog.open(self._path, self.params)

    def reading_hashes(self) -> dict[str, str]:
        """The hash of the parameters that say how files are read."""
        values = json.dumps(self.params.model_dump(mode="json"))
        return {"preparation.reading": combined_hash({"": values})}

    def _found(self) -> list[RawTable]:
        return super()._found() if self._path else []

    def _exists(self) -> bool:
        return ROWS in {table.table for table in self._found()}
