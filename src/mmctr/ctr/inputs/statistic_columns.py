"""Columns of row statistics, ``<kind>.<name>``, of a table of rows."""

from collections.abc import Collection, Mapping

import numpy as np
import pyarrow as pa

from mmctr.runtime.scratch import fill_by_rows


def read_statistics(
    columns: Mapping[str, pa.ChunkedArray | np.ndarray],
    rows: int,
    kinds: Collection[str],
) -> tuple[tuple[str, ...], np.ndarray]:
    """Read the row statistics of some kinds.

    Args:
        columns: By name; one with a dot in its name is a statistic, and what stands
            before the dot its kind.
        rows: Their length.
        kinds: Kinds to read; one that has nothing to count, such as tags where items
            have none, has no column.

    Returns:
        Their S names, sorted, and ``[rows, S]`` float32, NaN where undefined.

    Raises:
        ValueError: If there is no column of any kind asked for, or a value is
            infinite; it names the kinds, or column and rows.
    """
    names = sorted(name for name in columns if "." in name)
    _require_kinds(kinds, {kind_of(name) for name in names})
    chosen = of_kinds(names, kinds)

    def block_of(some: slice) -> np.ndarray:
        block = np.empty((some.stop - some.start, len(chosen)), np.float32)
        for place, name in enumerate(chosen):
            block[:, place] = columns[name][some]
        if np.isinf(block).any():
            for place, name in enumerate(chosen):
                _require_finite(block[:, place], name, some.start)
        return block

    return chosen, fill_by_rows((rows, len(chosen)), np.float32, block_of)


def of_kinds(names: Collection[str], kinds: Collection[str]) -> tuple[str, ...]:
    """The statistics among ``names`` whose kind is one of ``kinds``."""
    return tuple(name for name in names if kind_of(name) in kinds)


def kind_of(name: str) -> str:
    """The kind of a statistic, the part of its name before the dot."""
    return name.partition(".")[0]


def _require_kinds(kinds: Collection[str], known: Collection[str]) -> None:
    if kinds and not set(kinds) & set(known):
        raise ValueError(
            f"ctr_modeling.features.statistics names {', '.join(sorted(kinds))}, and "
            f"the rows have no column of these kinds (theirs: "
            f"{', '.join(sorted(known)) or 'none'}); switch them on in "
            "row_statistics.kinds and run kedro run --pipeline row_statistics"
        )


def _require_finite(values: np.ndarray, name: str, first_row: int) -> None:
    wrong = np.flatnonzero(np.isinf(values)) + first_row
    if wrong.size:
        raise ValueError(
            f"column '{name}' of the rows is infinite in rows {wrong[:5].tolist()}; "
            "run kedro run --pipeline row_statistics again"
        )


def require_same_statistics(
    expected: tuple[str, ...], found: tuple[str, ...], *, of: str, advice: str
) -> None:
    """Refuse rows whose statistics are not those of a model.

    Args:
        expected: Names that the model has.
        found: Names that the rows have.
        of: Where the expected ones come from, for the message.
        advice: What to do, for the message.

    Raises:
        ValueError: Naming the statistics that only one of them has.
    """
    if expected == found:
        return
    lacking = [name for name in expected if name not in found]
    more = [name for name in found if name not in expected]
    raise ValueError(
        f"{of} belong to other row statistics than the rows have: "
        f"{', '.join(lacking[:5]) or 'none'} only there, "
        f"{', '.join(more[:5]) or 'none'} only in the rows; {advice}"
    )
