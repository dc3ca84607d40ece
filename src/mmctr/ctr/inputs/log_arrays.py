"""Arrays of logs that may be larger than memory: never copied as a whole."""

from collections.abc import Iterable, Iterator

import numpy as np

from mmctr.runtime.jagged import Jagged, keep_last

# Rows or items at a time, which bounds the memory of what is made of them.
_AT_ONCE = 2**24


def newest(jagged: Jagged, length: int) -> Jagged:
    """Keep the last ``length`` values of rows; not copied where none has more."""
    values, offsets = jagged
    pieces = offsets_in_pieces(offsets)
    longest = max((int(np.diff(own).max()) for own in pieces), default=0)
    if longest > length:
        return keep_last((values, offsets.astype(np.int64, copy=False)), length)
    first = int(offsets[0])
    return values[first : offsets[-1]], offsets - first if first else offsets


def offsets_in_pieces(offsets: np.ndarray) -> Iterator[np.ndarray]:
    """Offsets of some rows at a time; a piece begins with the end of the last."""
    for start in range(0, len(offsets) - 1, _AT_ONCE):
        yield offsets[start : start + _AT_ONCE + 1]


def count_items(arrays: Iterable[np.ndarray], n_items: int) -> np.ndarray:
    """``[n_items + 1]`` int64: how often each item is in arrays of items."""
    counts = np.zeros(n_items + 1, np.int64)
    for items in arrays:
        for start in range(0, len(items), _AT_ONCE):
            piece = items[start : start + _AT_ONCE]
            counts += np.bincount(piece, minlength=n_items + 1)
    return counts


def require_items(
    items: np.ndarray, n_items: int, column: str, *, least: int = 1
) -> None:
    """Refuse items that the item table lacks.

    Args:
        items: Of a column.
        n_items: Items of the item table.
        column: Its name, for the message.
        least: 0 where an item may be unknown.

    Raises:
        ValueError: Naming column, items and positions.
    """
    if items.min(initial=least) >= least and items.max(initial=0) <= n_items:
        return
    wrong = np.flatnonzero((items < least) | (items > n_items))
    raise ValueError(
        f"click log: column '{column}' has items outside 1..{n_items}, first "
        f"{items[wrong[:5]].tolist()} at positions {wrong[:5].tolist()}; run the "
        "preparation and quantization pipelines again"
    )


def writable(array: np.ndarray) -> np.ndarray:
    """An array that torch may share memory with; mapped files can't be written."""
    return array if array.flags.writeable else array.copy()
