"""Your own log: its events, items, users and earlier clicks, read and checked."""

from mmctr.data.datasets.raw_image_vectors import GivenVectors
from mmctr.data.datasets.raw_log import RawLog
from mmctr.data.reading.log import read_given_vectors, read_log
from mmctr.data.reading.source import LogSource


class InteractionLog(RawLog[LogSource]):
    """Read the tables of a log's folder, whatever their form; never write."""

    def load(self) -> LogSource:
        """Read and check all tables; see :func:`mmctr.data.reading.log.read_log`."""
        return read_log(self._path, self._image_column, self.params)


class LogImageVectors(RawLog[GivenVectors]):
    """Read the ready image vectors of a log's items; never write."""

    def load(self) -> GivenVectors:
        """Read ids and vectors; of width 0 where the column is missing.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        return GivenVectors(
            *read_given_vectors(self._path, self._image_column, self.params)
        )
