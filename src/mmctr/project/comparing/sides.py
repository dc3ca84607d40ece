"""The two things that are compared: runs of histories, or scored files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mmctr.data.judged_rows import JudgedRows
from mmctr.data.run_differences import run_name
from mmctr.data.run_history import PastRun, RunHistory
from mmctr.reporting.words import listed, moment

SUFFIXES = (".parquet", ".csv", ".tsv")

_GROUPS = ("group_id", "impression_id")
"""Columns that may say which rows compete."""


@dataclass(frozen=True)
class Side:
    """Scores of rows, and what gave them."""

    name: str
    rows: JudgedRows
    part: str
    probabilities: NDArray[np.float64]
    run: PastRun | None = None


def is_file(name: str) -> bool:
    """Whether a side is a scored file, not a run."""
    return name.endswith(SUFFIXES)


def find_run(name: str, history: RunHistory) -> Side:
    """Find a run.

    Args:
        name: Its number; ``NAME/NUMBER`` of another data set, or ``NAME``, the latest
            there.
        history: Of the data set.

    Raises:
        ValueError: If there is no such run, or its probabilities are gone.
    """
    dataset, _, number = name.rpartition("/")
    if not number.isdigit():
        dataset, number = name, ""
    if dataset:
        history = RunHistory(history.folder.parents[1] / dataset / history.folder.name)
    runs = history.runs()
    if not runs:
        raise ValueError(f"{history.folder} has no run: expected those of `kedro run`")
    known = {str(run.number): run for run in runs}
    run = runs[-1] if not number else known.get(str(int(number)))
    if run is None:
        raise ValueError(
            f"there is no run {number}; there are {listed(list(known))} of "
            f"{runs[0].dataset}: `mmctr compare` lists them"
        )
    if not history.is_comparable(run):
        raise ValueError(
            f"of run {run.number} of {run.dataset} the numbers are left, but not the "
            "probabilities: comparable_runs says how many runs keep them. Make it "
            "again to compare it"
        )
    title = f"run {run.number}, {moment(run.at)}, {run_name(run, runs[0])}"
    return Side(title, history.rows(run), run.part, history.probabilities(run), run)


def read_scored(path: Path) -> Side:
    """Read a file that ``mmctr score`` wrote, with labels.

    Args:
        path: Parquet, CSV or TSV with ``label``, ``probability``, ``item_id`` and
            ``user_id``; and ``group_id`` or ``impression_id``, without which all rows
            of a user are one group.

    Raises:
        ValueError: If a column is missing or the file can't be read.
    """
    if not path.exists():
        raise ValueError(f"there is no file {path}")
    try:
        table = _read(path)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path} can't be read: {error}") from error
    for name in ("label", "probability", "item_id", "user_id"):
        if name not in table.column_names:
            raise ValueError(
                f"{path} has no column '{name}'; there are "
                f"{', '.join(table.column_names)}. Score rows that have their labels: "
                "`mmctr score BUNDLE ROWS -o SCORED`"
            )
    unlabelled = table["label"].null_count
    if unlabelled:
        raise ValueError(f"{path}: 'label' is empty in {unlabelled:,} rows")
    if not table.num_rows:
        raise ValueError(f"{path} has no rows")
    group = next((x for x in _GROUPS if x in table.column_names), "user_id")
    grouped = table.append_column("_group", table[group])
    rows = JudgedRows.of(_as_rows(grouped), table)
    scores = table["probability"].to_numpy().astype(np.float64)
    return Side(str(path), rows, "the file", scores)


def require_same_rows(first: Side, second: Side) -> None:
    """Refuse to compare scores of other rows.

    Raises:
        ValueError: Then; it says how they differ.
    """
    one, other = first.rows, second.rows
    if one.key == other.key:
        return
    counts: list[Any] = [
        f"{len(x.labels):,} rows, {int(x.labels.sum()):,} of them clicked, by "
        f"{int(x.users.max(initial=-1)) + 1:,} users"
        for x in (one, other)
    ]
    why = f"{first.name}: {counts[0]}; {second.name}: {counts[1]}"
    if counts[0] == counts[1]:
        why = f"both have {counts[0]}, but not the same ones in the same order"
    raise ValueError(
        f"they were not judged by the same rows, so their difference would be that of "
        f"the rows: {why}. Compare runs with the same raw files, preparation and seed"
    )


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    delimiter = "\t" if path.suffix == ".tsv" else ","
    options = pc_csv.ParseOptions(delimiter=delimiter)
    return pc_csv.read_csv(path, parse_options=options)


def _as_rows(table: pa.Table) -> pa.Table:
    kept = {"group_id": table["_group"], "label": table["label"]}
    if "timestamp" in table.column_names:
        kept["timestamp"] = table["timestamp"]
    return pa.table(kept)
