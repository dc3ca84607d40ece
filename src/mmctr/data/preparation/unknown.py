"""Items that a source's item table lacks, and invalid levels."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.data.datasets.source import RowColumns
from mmctr.data.raw_schemas import MAX_LEVEL
from mmctr.runtime.jagged import Jagged, take_ranges

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
            + "; add these items, fix or drop the rows, or treat them as padding "
            "with --params preparation.unknown_items=pad"
        )
    for unknown in there:
        logger.warning("%s: %s", unknown.describe(), unknown.fate)
    return {"policy": policy, "found": [unknown.report() for unknown in there]}


def pad_challenge_rows(
    rows: RowColumns,
    part: str,
    lookup: Callable[[np.ndarray], np.ndarray],
    own_levels: dict[str, np.ndarray],
) -> tuple[RowColumns, list[UnknownValues]]:
    """Number a part's items, and treat unknown ones as padding.

    An unknown item of a history is left out, as padding is. A row of train or valid
    whose target is unknown is left out. A row of test stays, with target 0: it is
    scored as an item of which nothing is known. An invalid level of a test row is
    replaced by the target's own level, or 0.

    Args:
        rows: The part, with the source's ids.
        part: Its name.
        lookup: Maps ids to numbers from 1, or to 0 if unknown.
        own_levels: ``[n_items]`` levels of the items, by column.

    Returns:
        The part with numbers for ids, and what was unknown in it.
    """
    file = f"{part}.parquet"
    lacking = "items that item_feature.parquet lacks"
    targets = lookup(rows.item_ids)
    history, lost = _known_history(rows.history, lookup)
    wrong = np.flatnonzero(targets == 0)
    is_test = part == "test"
    fate = "these rows are left out"
    if is_test:
        fate = "these rows are scored as items of which nothing is known"
    found = [
        UnknownValues(file, "item_id", wrong, rows.item_ids[wrong], fate, lacking),
        UnknownValues(file, "item_seq", *lost, "left out of these histories", lacking),
    ]
    rows = replace(rows, item_ids=targets, history=history)
    if not is_test:
        return _only(rows, targets > 0), found
    for column, own in own_levels.items():
        given = getattr(rows, f"{column}s")
        bad = np.flatnonzero((given < 0) | (given > MAX_LEVEL))
        fate, invalid = (
            "the item's own level is taken",
            f"levels outside 0 to {MAX_LEVEL}",
        )
        found.append(UnknownValues(file, column, bad, given[bad], fate, invalid))
        whole = given.copy()
        whole[bad] = np.concatenate([[0], own])[targets[bad]]
        rows = replace(rows, **{f"{column}s": whole})
    return rows, found


def _known_history(
    history: Jagged, lookup: Callable[[np.ndarray], np.ndarray]
) -> tuple[Jagged, tuple[np.ndarray, np.ndarray]]:
    """Numbers of the known items; rows of the unknown ones, and their ids."""
    values, offsets = history
    numbers = lookup(values)
    places = np.flatnonzero(numbers == 0)
    if not places.size:
        return (numbers, offsets), (places, values[:0])
    rows = np.unique(np.searchsorted(offsets, places, side="right") - 1)
    before = np.concatenate([[0], np.cumsum(numbers > 0, dtype=np.int64)])
    return (numbers[numbers > 0], before[offsets]), (rows, values[places])


def _only(rows: RowColumns, kept: np.ndarray) -> RowColumns:
    if kept.all():
        return rows
    values, offsets = rows.history
    assert rows.labels is not None
    return RowColumns(
        user_ids=rows.user_ids.filter(pa.array(kept)),
        item_ids=rows.item_ids[kept],
        history=take_ranges(values, offsets[:-1][kept], offsets[1:][kept]),
        likes_levels=rows.likes_levels[kept],
        views_levels=rows.views_levels[kept],
        labels=rows.labels[kept],
    )


def _first(values: np.ndarray) -> list[Any]:
    return [value for value in dict.fromkeys(values.tolist())][:_SHOWN]
