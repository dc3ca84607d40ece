"""Audit fields: what each alone says of the label, and how much of it is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.metrics import auc

PRIOR_STRENGTH = 10.0
"""Rows that the click rate of train counts as, for a value of few rows."""


@dataclass(frozen=True)
class AuditedField:
    """One field of the rows of one split."""

    side: str
    """Whose it is: item, user or row."""
    kind: str
    """What it is made of."""
    codes: NDArray[np.int64]
    """All codes, row after row."""
    lengths: NDArray[np.int64]
    """``[R]`` codes of each row."""
    shared: dict[str, int]
    """Name -> code that stands for no value of its own, such as ``missing``."""
    values: NDArray[np.float32] | None
    """``[R]`` of a number, NaN where missing; None for others."""


def audit_field(
    rows: AuditedField,
    labels: NDArray[np.int64] | None,
    train: AuditedField,
    train_labels: NDArray[np.int64],
    fold: NDArray[np.bool_] | None,
) -> dict[str, object]:
    """Measure one field in one split.

    Args:
        rows: The field in this split.
        labels: ``[R]`` of 0 and 1; None where they are withheld.
        train: The field in train.
        train_labels: ``[N]``.
        fold: For train itself ``[N]``: which half a row is in, so that each is scored
            by the other; None for other splits.

    Returns:
        Ready for JSON: ``side``, ``kind``, ``values`` (how many different ones),
        ``shares`` (of the rows with each shared code), ``auc`` (of the click rates of
        its values in train) and ``auc_value`` (of the number itself, the missing ones
        left out); both None where labels are withheld or of one class.
    """
    own = rows.codes[~np.isin(rows.codes, [*rows.shared.values()])]
    count = max(len(rows.lengths), 1)
    found: dict[str, object] = {
        "side": rows.side,
        "kind": rows.kind,
        "values": len(np.unique(own)),
        "shares": {
            name: len(np.unique(_rows(rows)[rows.codes == code])) / count
            for name, code in rows.shared.items()
        },
        "auc": None,
        "auc_value": None,
    }
    if labels is None:
        return found
    everything = np.ones(len(train_labels), bool)
    if fold is None:
        scores = _rates(train, train_labels, everything, rows)
    else:
        scores = np.empty(len(labels))
        for half in (fold, ~fold):
            scores[half] = _rates(train, train_labels, ~half, rows)[half]
    found["auc"] = auc(labels, scores)
    if rows.values is not None:
        known = ~np.isnan(rows.values)
        found["auc_value"] = auc(labels[known], rows.values[known].astype(np.float64))
    return found


def _rates(
    train: AuditedField,
    labels: NDArray[np.int64],
    used: NDArray[np.bool_],
    rows: AuditedField,
) -> NDArray[np.float64]:
    """Score rows by the mean click rate of their codes, as some train rows have it."""
    prior = labels[used].mean() if used.any() else 0.0
    of_codes = _rows(train)
    kept = used[of_codes]
    codes, of_codes = train.codes[kept], of_codes[kept]
    size = int(max(train.codes.max(initial=0), rows.codes.max(initial=0))) + 1
    clicks = np.bincount(codes, labels[of_codes], minlength=size)
    shown = np.bincount(codes, minlength=size)
    rates = (clicks + prior * PRIOR_STRENGTH) / (shown + PRIOR_STRENGTH)
    count = len(rows.lengths)
    sums = np.bincount(_rows(rows), rates[rows.codes], minlength=count)
    return np.where(rows.lengths > 0, sums / np.maximum(rows.lengths, 1), prior)


def _rows(field: AuditedField) -> NDArray[np.int64]:
    """The row of each code."""
    return np.repeat(np.arange(len(field.lengths)), field.lengths)
