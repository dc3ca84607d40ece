"""Pieces of a log that are scored already, until all of them are."""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmctr.runtime.atomic import atomic_folder, remove_leftovers
from mmctr.runtime.hashing import json_hash

_ROWS, _MEASURED, _COUNTS = "rows.parquet", "measured.parquet", "counts.json"
_KEY = 16
_FINISHED = "finished"


def key_of(parts: dict[str, Any]) -> str:
    """Name what is scored, by what and how, in 16 hexadecimal digits."""
    return json_hash(parts)[:_KEY]


@dataclass(frozen=True)
class PieceStore:
    """A folder per piece, which is whole if it is there.

    Attributes:
        path: Their folder, which names bundle, log and parameters.
    """

    path: Path

    def write(
        self, number: int, rows: pa.Table, measured: pa.Table, counts: dict[str, Any]
    ) -> None:
        """Keep a piece.

        Args:
            number: Its place.
            rows: What becomes of it in the predictions.
            measured: Its labelled rows that metrics are computed on.
            counts: What is counted of it, ready for JSON.
        """
        with atomic_folder(self._piece(number)) as part:
            for name, table in ((_ROWS, rows), (_MEASURED, measured)):
                pq.write_table(
                    table, part / name, compression="zstd", write_page_checksum=True
                )
            (part / _COUNTS).write_text(json.dumps(counts), "utf-8")

    def count(self) -> int:
        """How many pieces are there, from the first on; leftovers are removed."""
        number = 0
        while self._piece(number).is_dir():
            number += 1
        if self.path.is_dir():
            remove_leftovers(self._piece(number))
        return number

    def finish(self) -> None:
        """Mark that no piece is missing."""
        (self.path / _FINISHED).touch()

    def rows(self, number: int) -> pa.Table:
        """The rows of a piece."""
        return self._read(number, _ROWS)

    def measured(self, number: int) -> pa.Table:
        """Its labelled rows that metrics are computed on."""
        return self._read(number, _MEASURED)

    def counts(self, number: int) -> dict[str, Any]:
        """What was counted of it."""
        return json.loads((self._piece(number) / _COUNTS).read_text("utf-8"))

    def _read(self, number: int, name: str) -> pa.Table:
        # Not through a dataset, which reads ahead of what is asked for.
        path = self._piece(number) / name
        return pq.ParquetFile(path, page_checksum_verification=True).read()

    def _piece(self, number: int) -> Path:
        return self.path / f"piece-{number:06d}"


def remove_finished(root: Path) -> None:
    """Remove the pieces of finished logs, once their predictions are saved.

    Args:
        root: Holds a folder per log and bundle.
    """
    for mark in root.glob(f"{'[0-9a-f]' * _KEY}/{_FINISHED}"):
        shutil.rmtree(mark.parent)
    with suppress(OSError):  # others are under way
        root.rmdir()
