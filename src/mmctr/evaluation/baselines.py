"""Scores that a model has to beat: item, popularity, repeats, title similarity.

Item ids run from 1 to ``n_items``; row ``i - 1`` of the title vectors is item ``i``.
Histories are jagged, oldest first: ``history[offsets[r]:offsets[r + 1]]`` is row ``r``.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.inputs import check_length, checked_labels
from mmctr.evaluation.metrics import auc

# Floats gathered at once (8 MiB): millions of history positions times hundreds of
# dimensions would not fit into memory.
CHUNK_FLOATS = 1 << 21
CHANCE = 0.02
"""Distance from an AUC of 0.5 up to which a quantity tells nothing of the clicks."""


def item_only_scores(
    train_items: NDArray[Any],
    train_labels: ArrayLike,
    items: NDArray[Any],
    n_items: int,
    prior: float,
    strength: float,
) -> NDArray[np.float64]:
    """Score a target by its smoothed click rate in train.

    Args:
        train_items: Target of each train row ``[N]``.
        train_labels: ``[N]`` of 0 and 1.
        items: Target of each evaluated row ``[R]``.
        n_items: Number of items.
        prior: Click rate of an item without train rows.
        strength: Number of rows that the prior counts as.

    Returns:
        ``(clicks + prior * strength) / (rows + strength)`` of each target ``[R]``.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or an id not in 1..n_items.
    """
    clicks = popularity_scores(train_items, train_labels, items, n_items)
    rows = np.bincount(train_items, minlength=n_items + 1)[items]
    return (clicks + prior * strength) / (rows + strength)


def popularity_scores(
    train_items: NDArray[Any],
    train_labels: ArrayLike,
    items: NDArray[Any],
    n_items: int,
) -> NDArray[np.float64]:
    """Score a target by its number of positive train rows.

    Args:
        train_items: Target of each train row ``[N]``.
        train_labels: ``[N]`` of 0 and 1.
        items: Target of each evaluated row ``[R]``.
        n_items: Number of items.

    Returns:
        ``[R]`` float64.

    Raises:
        ValueError: If lengths differ, a label is not 0/1, or an id not in 1..n_items.
    """
    labels = checked_labels(train_labels)
    check_length("train_items", train_items, len(labels))
    check_ids("train_items", train_items, n_items)
    check_ids("items", items, n_items)
    return np.bincount(train_items, labels, minlength=n_items + 1)[items]


def seen_before(
    items: NDArray[Any], history: NDArray[Any], offsets: NDArray[Any]
) -> NDArray[np.float64]:
    """Score a target by whether it is in the history.

    Args:
        items: Target of each row ``[R]``.
        history: Items of all histories ``[T]``.
        offsets: Borders of the histories ``[R + 1]``.

    Returns:
        ``[R]`` of 0 and 1.
    """
    row = np.repeat(np.arange(len(items)), np.diff(offsets))
    hits = np.bincount(row[history == items[row]], minlength=len(items))
    return (hits > 0).astype(np.float64)


def repeats_predict_clicks(labels: ArrayLike, seen: NDArray[np.float64]) -> bool:
    """Whether the AUC of :func:`seen_before` is further from .5 than :data:`CHANCE`.

    Args:
        labels: ``[R]`` of 0 and 1.
        seen: Its scores ``[R]``.
    """
    return tells_of_clicks(auc(labels, seen))


def tells_of_clicks(found: float | None) -> bool:
    """Whether an AUC is further from .5 than :data:`CHANCE`."""
    return found is not None and abs(found - 0.5) > CHANCE


def field_only_scores(
    train_codes: NDArray[Any],
    train_labels: ArrayLike,
    codes: NDArray[Any],
    prior: float,
    strength: float,
) -> NDArray[np.float64]:
    """Score a row by the smoothed click rate in train of its value of one field.

    Args:
        train_codes: Value of each train row ``[N]``, whole numbers from 0.
        train_labels: ``[N]`` of 0 and 1.
        codes: Value of each evaluated row ``[R]``.
        prior: Click rate of a value without train rows.
        strength: Number of rows that the prior counts as.

    Returns:
        ``[R]``, as :func:`item_only_scores`.

    Raises:
        ValueError: If lengths differ or a label is not 0/1.
    """
    labels = checked_labels(train_labels)
    check_length("train_codes", train_codes, len(labels))
    size = int(max(train_codes.max(initial=0), codes.max(initial=0))) + 1
    clicks = np.bincount(train_codes, labels, minlength=size)[codes]
    rows = np.bincount(train_codes, minlength=size)[codes]
    return (clicks + prior * strength) / (rows + strength)


def title_similarities(
    vectors: NDArray[np.float32],
    items: NDArray[Any],
    history: NDArray[Any],
    offsets: NDArray[Any],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Score a target by the cosines of its title and those of history items.

    Args:
        vectors: L2-normalised title vectors ``[n_items, d]``.
        items: Target of each row ``[R]``.
        history: Items of all histories ``[T]``.
        offsets: Borders of the histories ``[R + 1]``.

    Returns:
        That of the newest item, and the largest: ``[R]`` float32 each; 0 for an empty
        history.

    Raises:
        ValueError: If an id is not in 1..n_items or the offsets don't fit.
    """
    _check_jagged(vectors, items, history, offsets)
    last, largest = np.zeros((2, len(items)), dtype=np.float32)
    lengths = np.diff(offsets)
    filled = np.flatnonzero(lengths)
    if filled.size:
        cosines = _cosines(vectors, np.repeat(items, lengths), history)
        last[filled] = cosines[offsets[filled + 1] - 1]
        # Empty histories have no positions, so the filled ones are adjacent.
        largest[filled] = np.maximum.reduceat(cosines, offsets[filled])
    return last, largest


def check_ids(name: str, ids: NDArray[Any], n_items: int) -> None:
    """Check that all ids are those of items.

    Raises:
        ValueError: If an id is not an integer in 1..n_items; names array and row.
    """
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(
            f"{name} has dtype {ids.dtype}, but item ids are integers from 1; "
            f"pass the re-indexed ids."
        )
    wrong = np.flatnonzero((ids < 1) | (ids > n_items))
    if wrong.size:
        raise ValueError(
            f"{name}, row {wrong[0]}: item {ids[wrong[0]]} is not in 1..{n_items} "
            f"(0 is padding); strip padding and pass the re-indexed ids."
        )


def _check_jagged(
    vectors: NDArray[Any],
    items: NDArray[Any],
    history: NDArray[Any],
    offsets: NDArray[Any],
) -> None:
    """Check the ids, and that the offsets cut the history into one piece per row."""
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise ValueError(
            f"title vectors have shape {vectors.shape}, expected [n_items, d] with d "
            f"above 0: without titles there is no title similarity."
        )
    check_ids("items", items, len(vectors))
    check_ids("history", history, len(vectors))
    check_length("offsets", offsets, len(items) + 1)
    if offsets[0] != 0 or offsets[-1] != len(history) or np.any(np.diff(offsets) < 0):
        raise ValueError(
            f"offsets must rise from 0 to {len(history)}, the history positions, but "
            f"run from {offsets[0]} to {offsets[-1]} or fall in between; rebuild them "
            f"from the history lengths."
        )


def _cosines(
    vectors: NDArray[np.float32], left: NDArray[Any], right: NDArray[Any]
) -> NDArray[np.float32]:
    """Cosine of each pair of items, a chunk of pairs at a time.

    Rounded to float32's precision, so that pairs of equal titles are ties.
    """
    table = np.asarray(vectors)
    step = max(1, CHUNK_FLOATS // table.shape[1])
    cosines = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), step):
        part = slice(start, start + step)
        products = np.einsum("nd,nd->n", table[left[part] - 1], table[right[part] - 1])
        cosines[part] = np.round(products, 6)
    return cosines
