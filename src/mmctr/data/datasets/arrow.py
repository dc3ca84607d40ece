"""Tables with list columns, kept in Arrow from file to node."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from kedro_datasets._typing import TablePreview

from mmctr.data.column_kinds import is_list
from mmctr.data.columns import arrays_of
from mmctr.data.datasets.json_file import null_not_finite
from mmctr.data.datasets.local_file import LocalFileDataset
from mmctr.data.datasets.unpacked_table import unpacked_bytes, unpacked_table
from mmctr.data.table_checks import check_table
from mmctr.runtime.atomic import final_path
from mmctr.runtime.mapped_files import RESIDENT, MappedArrays
from mmctr.runtime.progress import is_shown, track
from mmctr.runtime.scratch import TABLE_GB

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TablePieces:
    """A table that is too big for memory, made piece by piece.

    Not an iterator: Kedro treats a node whose outputs are all iterators as a generator
    of partial results.

    Attributes:
        length: Number of sources of rows, such as users.
        step: Sources per piece.
        table_of: Makes the rows of a range of sources; an empty range gives a table
            without rows.
    """

    length: int
    step: int
    table_of: Callable[[slice], pa.Table]

    @property
    def schema(self) -> pa.Schema:
        """Columns and their types."""
        return self.table_of(slice(0, 0)).schema

    def __iter__(self) -> Iterator[pa.Table]:
        """Make the pieces one after another."""
        for start in range(0, self.length, self.step):
            yield self.table_of(slice(start, min(start + self.step, self.length)))


class ArrowDataset(LocalFileDataset[pa.Table | TablePieces, pa.Table]):
    """One ``pyarrow.Table`` in one parquet file.

    pandas holds a list column as one Python object per row: at millions of histories
    that is gigabytes and minutes. Arrow holds it as a flat array and offsets.
    """

    def __init__(
        self,
        *,
        filepath: str,
        contract: str | None = None,
        may_be_empty: bool = False,
        mapped_over_gb: float = TABLE_GB,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at a file.

        Args:
            filepath: Where the file lies on this machine.
            contract: What the table must hold, whenever it is saved or loaded: a key of
                :data:`mmctr.data.contracts.CONTRACTS`.
            may_be_empty: Whether a table with a contract may have no row.
            mapped_over_gb: A table that would take more memory is unpacked into
                temporary files when it is loaded, and these are mapped.
            metadata: For plugins such as kedro-viz; not used here.
        """
        super().__init__(filepath=filepath, metadata=metadata)
        self._contract = contract
        self._may_be_empty = may_be_empty
        self._mapped_over_gb = mapped_over_gb

    def load(self) -> pa.Table:
        """Read the whole table, or map it if it is large.

        Raises:
            ValueError: If the file is damaged or is no parquet file, or the table
                breaks its contract.
        """
        table = self._read_whole(self._read, "a whole parquet file")
        self._check(table)
        MappedArrays(arrays_of(table)).drop_pages(over=RESIDENT)
        return table

    def _read(self) -> pa.Table:
        size = unpacked_bytes(self._path) / 1e9
        if size > self._mapped_over_gb:
            logger.info(
                "%s takes about %.1f GB unpacked: it is read from temporary files in "
                "%s; set TMPDIR for another folder",
                *(self._path, size, tempfile.gettempdir()),
            )
            table = unpacked_table(self._path)
        else:
            table = pq.read_table(self._path, page_checksum_verification=True)
        table.validate(full=True)  # finds lengths and text that were written over
        return table

    def save(self, data: pa.Table | TablePieces) -> None:
        """Write with zstd compression and checksums; a piece becomes a row group.

        Lists have no dictionary of their values: rows next to each other repeat most of
        a history, which is smaller and sooner written without.

        Raises:
            ValueError: If the table breaks its contract; a whole table is checked
                before anything is written, pieces one by one.
        """
        if isinstance(data, pa.Table):
            self._check(data)
        self._prepare_save(data, pa.Table | TablePieces, "a table")
        pieces = [data] if isinstance(data, pa.Table) else self._checked(data)
        schema = data.schema
        with pq.ParquetWriter(
            self._path,
            schema,
            compression="zstd",
            use_dictionary=[x.name for x in schema if not is_list(x.type)],
            write_page_checksum=True,
        ) as writer:
            for piece in pieces:
                writer.write_table(piece)

    def _checked(self, data: TablePieces) -> Iterator[pa.Table]:
        """The pieces, each held to the contract."""
        count = -(-data.length // data.step)
        label = f"writing {final_path(self._path).name}"
        for piece in track(data, label, count, show=is_shown(False)):
            self._check(piece)
            yield piece

    def preview(self, rows: int = 5) -> TablePreview:
        """The first rows, long lists cut, for kedro-viz."""
        names = pq.read_schema(self._path).names
        head = next(pq.ParquetFile(self._path).iter_batches(batch_size=rows), None)
        records = head.to_pylist() if head is not None else []
        frame = pd.DataFrame(records, columns=names, dtype=object).map(_shorten)
        return TablePreview(null_not_finite(frame.to_dict(orient="split")))

    def _check(self, table: pa.Table) -> None:
        if self._contract is not None:
            file = str(final_path(self._path))
            check_table(table, self._contract, file, may_be_empty=self._may_be_empty)

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "contract": self._contract}


def _shorten(value: object, length: int = 8) -> object:
    if isinstance(value, list) and len(value) > length:
        return [*value[:length], "..."]
    return value
