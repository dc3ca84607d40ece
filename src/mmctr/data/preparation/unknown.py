"""Items that a source's item table lacks, and invalid levels."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.data.columns import filter_lists, rows_of
from mmctr.data.raw_schemas import MAX_LEVEL

logger = logging.getLogger(__name__)

STRICT, PAD = "strict", "pad"

_SHOWN = 5


@dataclass(frozen=True)
class UnknownValues:
    """Unknown values of one column, and how they are treated.

    Attributes:
        file: The file.
        column: The column.
        rows: ``[rows with any]`` row numbers, ascending.
        values: ``[values]``, in file order.
        fate: What ``pad`` does to them, for messages.
        lacking: What kind of values they are, for messages.
    """

    file: str
    column: str
    rows: np.ndarray
    values: np.ndarray
    fate: str
    lacking: str

    def describe(self) -> str:
        """Name file, column, counts and the first rows."""
        return (
            f"{self.file}: column '{self.column}' has {self.rows.size} rows with "
            f"{self.lacking}, first rows {self.rows[:_SHOWN].tolist()} "
            f"({self.column} {_first(self.values)})"
        )

    def report(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "file": self.file,
            "column": self.column,
            "rows": int(self.rows.size),
            "values": int(self.values.size),
            "first_rows": self.rows[:_SHOWN].tolist(),
            "first_values": _first(self.values),
            "fate": self.fate,
        }


def raise_or_warn(found: list[UnknownValues], policy: str) -> dict[str, Any]:
    """Raise an error for unknown values, or warn about them.

    Args:
        found: All columns of a source; those without such rows are ignored.
        policy: ``strict`` or ``pad``.

    Returns:
        ``policy`` and ``found``, the unknown values, ready for JSON.

    Raises:
        ValueError: If the policy is strict and there are any; it names each column.
    """
    there = [unknown for unknown in found if unknown.rows.size]
    if there and policy == STRICT:
        raise ValueError(
            "; ".join(unknown.describe() for unknown in there)
            + "; add these items, fix or drop the rows, or go on without them "
            f"({', '.join(dict.fromkeys(unknown.fate for unknown in there))}): "
            "--params preparation.unknown_items=pad"
        )
    for unknown in there:
        logger.warning("%s: %s", unknown.describe(), unknown.fate)
    return {"policy": policy, "found": [unknown.report() for unknown in there]}


def pad_challenge_rows(
    rows: pa.Table,
    part: str,
    lookup: Callable[[np.ndarray], np.ndarray],
    items: pa.Table,
) -> tuple[pa.Table, list[UnknownValues]]:
    """Number a part's items, and treat unknown ones as padding.

    An unknown item of a history is left out, as padding is. A row of train or valid
    whose target is unknown is left out. A row of test stays, with target 0: it is
    scored as an item of which nothing is known. An invalid level of a test row is
    replaced by the target's own level, or 0.

    Args:
        rows: The part, with the source's ids.
        part: Its name.
        lookup: Maps ids to numbers from 1, or to 0 if unknown.
        items: The items, with their own levels.

    Returns:
        The part with numbers for ids, and what was unknown in it.
    """
    file = f"{part}.parquet"
    lacking = "items that item_feature.parquet lacks"
    ids = rows["item_id"].to_numpy()
    targets = lookup(ids)
    history, unknown_rows, unknown_ids = _known_history(rows["item_seq"], lookup)
    wrong = np.flatnonzero(targets == 0)
    is_test = part == "test"
    fate = "these rows are left out"
    if is_test:
        fate = "these rows are scored as items of which nothing is known"
    left_out = "left out of these histories"
    found = [
        UnknownValues(file, "item_id", wrong, ids[wrong], fate, lacking),
        UnknownValues(file, "item_seq", unknown_rows, unknown_ids, left_out, lacking),
    ]
    columns = dict(zip(rows.column_names, rows.columns, strict=True))
    columns |= {"item_id": pa.array(targets), "item_seq": history}
    if not is_test:
        return pa.table(columns).filter(pa.array(targets > 0)), found
    invalid = f"levels outside 0 to {MAX_LEVEL}"
    for name in ("likes_level", "views_level"):
        given = rows[name].to_numpy()
        bad = (given < 0) | (given > MAX_LEVEL)
        places, fate = np.flatnonzero(bad), "the item's own level is taken"
        found.append(UnknownValues(file, name, places, given[bad], fate, invalid))
        own = np.concatenate([[0], items[name].to_numpy()])
        columns[name] = pa.array(np.where(bad, own[targets], given))
    return pa.table(columns), found


def _known_history(
    history: pa.ChunkedArray, lookup: Callable[[np.ndarray], np.ndarray]
) -> tuple[pa.LargeListArray, np.ndarray, np.ndarray]:
    """Numbers of the known items; rows of the unknown ones, and their ids."""
    lists = history.combine_chunks()
    values = lists.flatten().to_numpy()
    offsets = lists.offsets.to_numpy() - lists.offsets[0].as_py()
    numbers = lookup(values)
    known = numbers > 0
    kept = filter_lists(numbers, offsets, known)
    return kept, rows_of(offsets, ~known), values[~known]


def _first(values: np.ndarray) -> list[Any]:
    return [value for value in dict.fromkeys(values.tolist())][:_SHOWN]
