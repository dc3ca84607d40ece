"""Runs of a data set, kept when the next one overwrites its artifacts.

Of every run there are numbers and parameters; of the latest ones also the report, and
probabilities of the rows that the model was judged by, for paired comparisons.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from mmctr.data.judged_rows import JudgedRows
from mmctr.runtime.atomic import atomic_path

logger = logging.getLogger(__name__)

_ROWS = "rows_"
_DIGITS = 12


class PastRun(BaseModel):
    """What is kept of every run."""

    number: int
    """From 1, in the order of the runs."""
    at: str
    """When its metrics were saved: ISO 8601, with the offset to UTC."""
    session: str = ""
    """Kedro's id of the session."""
    dataset: str
    model: str
    part: str
    """``valid`` or ``test``: the rows that it is judged by."""
    rows: int
    users: int
    rows_key: str
    """See :class:`~mmctr.data.judged_rows.JudgedRows`."""
    metrics: dict[str, float | None]
    seconds: float | None = None
    """What the run took; None if unknown."""
    commit: str | None = None
    version: str | None = None
    parameters: dict[str, Any]
    """Those that its metrics depend on, by dotted name."""
    inputs: dict[str, str | None]
    """Hash of every raw file by name."""


@dataclass(frozen=True)
class RunHistory:
    """A folder with the runs of one data set."""

    folder: Path

    def runs(self) -> list[PastRun]:
        """All runs, the earliest first; a damaged file is logged and left out."""
        found = []
        for path in self.folder.glob("[0-9]*.json"):
            try:
                found.append(PastRun.model_validate_json(path.read_bytes()))
            except (OSError, ValidationError) as error:
                reason = str(error).splitlines()[0]
                logger.warning("%s is no record of a run: %s", path, reason)
        return sorted(found, key=lambda run: run.number)

    def is_comparable(self, run: PastRun) -> bool:
        """Whether the run's probabilities and rows are still there."""
        return self._predictions(run).exists() and self._rows(run.rows_key).exists()

    def last_comparable(self) -> int | None:
        """Give the number of the latest run, if it can be compared."""
        runs = self.runs()
        return runs[-1].number if runs and self.is_comparable(runs[-1]) else None

    def report(self, run: PastRun) -> Path | None:
        """Where the run's report lies, if it is still there."""
        path = self._file(run.number, ".html")
        return path if path.exists() else None

    def rows(self, run: PastRun) -> JudgedRows:
        """Read the rows that a comparable run was judged by."""
        return JudgedRows.of_table(pq.read_table(self._rows(run.rows_key)))

    def probabilities(self, run: PastRun) -> NDArray[np.float64]:
        """Read a comparable run's probabilities ``[R]`` of these rows."""
        return pq.read_table(self._predictions(run))["probability"].to_numpy()

    def add(
        self,
        make: Callable[[int], PastRun],
        rows: JudgedRows,
        probabilities: NDArray[np.float64],
        comparable: int,
    ) -> PastRun:
        """Add a run; of those before the latest, keep the numbers alone.

        Args:
            make: Describes the run, given its number.
            rows: That it was judged by; runs of the same rows share them.
            probabilities: ``[R]``.
            comparable: How many of the latest runs keep rows, probabilities and report.
        """
        last = max((int(x.stem) for x in self.folder.glob("[0-9]*.json")), default=0)
        run = make(last + 1)
        if comparable:
            if not self._rows(rows.key).exists():
                _write(rows.to_table(), self._rows(rows.key))
            _write(pa.table({"probability": probabilities}), self._predictions(run))
        with atomic_path(self._file(run.number, ".json")) as part:
            content = run.model_dump(mode="json")
            part.write_text(json.dumps(content, indent=1), "utf-8")
        self._thin_out(comparable)
        return run

    def keep_report(self, run: PastRun, page: str) -> None:
        """Keep the report of a comparable run.

        Args:
            run: Of this history.
            page: HTML that may link to files here from the folder above.
        """
        if self.is_comparable(run):
            with atomic_path(self._file(run.number, ".html")) as part:
                linked = page.replace(f'href="{self.folder.name}/', 'href="')
                part.write_text(linked, "utf-8")

    def _thin_out(self, comparable: int) -> None:
        runs = self.runs()
        kept = runs[max(len(runs) - comparable, 0) :]
        for run in runs[: len(runs) - len(kept)]:
            for suffix in (".parquet", ".html"):
                self._file(run.number, suffix).unlink(missing_ok=True)
        used = {self._rows(run.rows_key) for run in kept}
        for path in set(self.folder.glob(f"{_ROWS}*.parquet")) - used:
            path.unlink()

    def _file(self, number: int, suffix: str) -> Path:
        return self.folder / f"{number:04}{suffix}"

    def _predictions(self, run: PastRun) -> Path:
        return self._file(run.number, ".parquet")

    def _rows(self, key: str) -> Path:
        return self.folder / f"{_ROWS}{key[:_DIGITS]}.parquet"


def _write(table: pa.Table, path: Path) -> None:
    with atomic_path(path) as part:
        pq.write_table(table, part, compression="zstd", write_page_checksum=True)
