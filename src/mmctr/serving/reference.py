"""What rows and scores were like in training, to compare other rows with."""

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa

from mmctr.data.column_kinds import is_list
from mmctr.data.fields.field import (
    CODES,
    FIRST,
    MISSING,
    PADDING,
    RARE,
    UNKNOWN,
    Field,
)
from mmctr.data.fields.state import FieldState
from mmctr.runtime.params import Params

_OWN_BINS = 20
"""Most values of a field with a bin of their own."""

_SCORE_BINS = 10
_ODDS = np.linspace(-8, 8, 33)
"""Borders of the bins of scores, in log-odds."""

_LENGTHS = (0, 1, 3, 7, 15, 31, 63, 127)
"""Longest history of each bin but the last."""

HISTORY = "length of the history"
_OTHERS = "others"


class Shares(Params):
    """Shares of rows by bin."""

    bins: list[str]
    """What each bin holds, in words."""
    shares: list[float]
    """Of the rows, summing to 1; all 0 without rows."""
    codes: list[int] = []
    """Of a field: the codes of the bins, one each; all others are in the last bin."""


class Reference(Params):
    """The file reference.json of a bundle."""

    longest_history: int
    """Most items of a history of train or test."""
    train_rows: int
    """Rows behind the shares of fields."""
    fields: dict[str, Shares]
    """By field of item, user or row, of :data:`HISTORY`, and of whether the items have
    a vector; of train's rows, drawn negatives included."""
    score_rows: int
    """Rows of test behind the shares of scores."""
    score_borders: list[float]
    """Deciles of test's scores."""
    scores: Shares
    """Between these borders."""
    odds: Shares
    """Between fixed borders, for figures."""


def make_reference(
    train: pa.Table,
    test: pa.Table,
    item_table: pa.Table,
    scores: np.ndarray,
    state: FieldState,
    with_vector: Mapping[str, np.ndarray],
) -> Reference:
    """Describe what the model was trained on, and its scores of test.

    Args:
        train: Its rows, with the codes of fields.
        test: Its ``R`` rows.
        item_table: Row i is item i.
        scores: ``[R]`` their probabilities.
        state: The fields.
        with_vector: From :func:`items_with_vector`.
    """
    lengths = _history_lengths(train)
    fields = {HISTORY: _length_shares(lengths)}
    for field in state.fields:
        codes = field_codes(field, train, item_table)
        fields[field.name] = _field_shares(field, codes)
    for name, own in with_vector.items():
        shares = _normalised(_vector_counts(own, train))
        fields[f"{name} vector"] = Shares(bins=["missing", "there"], shares=shares)
    steps = np.linspace(0, 1, _SCORE_BINS + 1)[1:-1]
    borders = np.unique(np.quantile(scores, steps)) if len(scores) else np.zeros(0)
    return Reference(
        longest_history=int(
            max(x.max(initial=0) for x in (lengths, _history_lengths(test)))
        ),
        train_rows=train.num_rows,
        fields=fields,
        score_rows=len(scores),
        score_borders=borders.tolist(),
        scores=_between(borders, count_between(borders, scores)),
        odds=_between(_probabilities(), count_between(_probabilities(), scores)),
    )


def count_like(
    reference: Reference,
    state: FieldState,
    rows: pa.Table,
    item_table: pa.Table,
    scores: np.ndarray,
    with_vector: Mapping[str, np.ndarray],
) -> dict[str, list[int]]:
    """Count rows and scores by the bins of a reference.

    Args:
        reference: The bins.
        state: The fields.
        rows: As train's: targets, histories and codes of fields.
        item_table: Row i is item i.
        scores: ``[R]`` probabilities.
        with_vector: From :func:`items_with_vector`.

    Returns:
        Counts by bin: of each field by ``field NAME``, of ``scores`` and ``odds``.
    """
    lengths = _history_lengths(rows)
    found = {f"field {HISTORY}": _length_counts(lengths)}
    for field in state.fields:
        codes = reference.fields[field.name].codes
        held = field_codes(field, rows, item_table)
        found[f"field {field.name}"] = _counts_of(codes, held, field.size)
    for name, own in with_vector.items():
        found[f"field {name} vector"] = _vector_counts(own, rows)
    found["scores"] = count_between(np.array(reference.score_borders), scores)
    found["odds"] = count_between(_probabilities(), scores)
    return {name: counts.tolist() for name, counts in found.items()}


def items_with_vector(vectors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Tell which items have a vector: by modality ``[n_items + 1]`` bool.

    Args:
        vectors: By modality ``[n_items + 1, d]``, all zero for an item without; those
            of no width are left out.
    """
    return {name: own.any(axis=1) for name, own in vectors.items() if own.shape[1]}


def field_codes(field: Field, rows: pa.Table, item_table: pa.Table) -> np.ndarray:
    """Codes of a field in rows, flat; of an item's field those of the targets."""
    name = CODES + field.name
    if field.side == "item":
        column = item_table[name].combine_chunks().take(rows["item_id"])
    else:
        column = rows[name]
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if is_list(column.type):
        column = column.flatten()
    return column.to_numpy(zero_copy_only=False).astype(np.int64)


def count_between(borders: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Count values in the bins that borders make: ``[borders + 1]``."""
    places = np.searchsorted(borders, values, side="left")
    return np.bincount(places, minlength=len(borders) + 1)


def _probabilities() -> np.ndarray:
    return 1 / (1 + np.exp(-_ODDS))


def _field_shares(field: Field, codes: np.ndarray) -> Shares:
    counts = np.bincount(codes, minlength=field.size)
    own = np.arange(FIRST, field.size)
    if not field.has_bins:
        frequent = np.argsort(-counts[FIRST:], kind="stable")[:_OWN_BINS]
        own = np.sort(own[frequent])
    chosen = [MISSING, UNKNOWN, RARE, *own.tolist()]
    names = ["missing", "unknown", "rare", *(_name(field, x) for x in own), _OTHERS]
    found = _counts_of(chosen, codes, field.size)
    return Shares(bins=names, shares=_normalised(found), codes=chosen)


def _counts_of(own: Iterable[int], codes: np.ndarray, size: int) -> np.ndarray:
    """Count codes in bins of their own, all others in the last."""
    chosen = list(own)
    places = np.full(size, len(chosen))
    places[chosen] = np.arange(len(chosen))
    places[PADDING] = places[MISSING]  # an item that is not known
    return np.bincount(places[codes], minlength=len(chosen) + 1)


def _name(field: Field, code: int) -> str:
    place = code - FIRST
    if not field.has_bins:
        return field.values[place]
    low = f"{field.borders[place - 1]:.4g}" if place else ""
    high = f"{field.borders[place]:.4g}" if place < len(field.borders) else ""
    if low and high:
        return f"{low} to {high}"
    return f"up to {high}" if high else f"over {low}" if low else "any number"


def _history_lengths(rows: pa.Table) -> np.ndarray:
    return np.diff(rows["item_seq"].combine_chunks().offsets.to_numpy())


def _length_counts(lengths: np.ndarray) -> np.ndarray:
    return count_between(np.array(_LENGTHS), lengths)


def _length_shares(lengths: np.ndarray) -> Shares:
    lows = [0, *(x + 1 for x in _LENGTHS)]
    highs = [*map(str, _LENGTHS), ""]
    names = [
        high if str(low) == high else f"{low} to {high}" if high else f"{low} or more"
        for low, high in zip(lows, highs, strict=True)
    ]
    return Shares(bins=names, shares=_normalised(_length_counts(lengths)))


def _between(borders: np.ndarray, counts: np.ndarray) -> Shares:
    words = [f"{x:.3g}" for x in borders]
    names = [
        f"{low} to {high}"
        for low, high in zip(["0", *words], [*words, "1"], strict=True)
    ]
    return Shares(bins=names, shares=_normalised(counts))


def _vector_counts(with_vector: np.ndarray, rows: pa.Table) -> np.ndarray:
    """Targets without and with a vector; an item that is not known has none."""
    return np.bincount(with_vector[rows["item_id"].to_numpy()], minlength=2)


def _normalised(counts: np.ndarray) -> list[float]:
    return (counts / max(counts.sum(), 1)).tolist()
