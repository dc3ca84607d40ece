"""Audit the data for leaks: shares and scores that need no model."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.baselines import item_only_scores, seen_before
from mmctr.evaluation.field_audit import AuditedField, audit_field
from mmctr.evaluation.metrics import auc
from mmctr.evaluation.slices import unseen_in_train

_PRIOR_CTR = 0.25
_PRIOR_STRENGTH = 10.0


@dataclass(frozen=True)
class AuditedRows:
    """The columns of one split that are audited."""

    users: NDArray[Any]
    """``[R]`` of any hashable type."""
    items: NDArray[Any]
    """Target of each row ``[R]``, from 1."""
    history: NDArray[Any]
    """Items of all histories, flat."""
    history_lengths: NDArray[Any]
    """``[R]`` items in each history."""
    levels: dict[str, NDArray[Any]]
    """Column -> ``[R]`` level in the row, where rows state levels."""
    labels: NDArray[Any] | None
    """``[R]`` of 0 and 1; None where the split is unlabelled."""
    fields: dict[str, AuditedField] = field(default_factory=dict)
    """Name -> the field; the same ones in every split."""


def audit_splits(
    splits: dict[str, AuditedRows],
    item_levels: dict[str, NDArray[Any]],
    n_items: int,
    *,
    are_impressions: bool = False,
) -> dict[str, object]:
    """Measure whether labels leak through item, levels or history length.

    Item-only scores are learned from train; for train itself, from the other half of
    its users, so that no row scores itself.

    Args:
        splits: By name; ``train`` must be among them and labelled.
        item_levels: Column -> ``[n_items]`` level of the item itself, for each level
            that rows state.
        n_items: How many items there are.
        are_impressions: Whether all rows were shown: items of which train knows nothing
            have its click rate then.

    Returns:
        By split, ready for JSON: ``rows``, ``positive_rate``, ``users``,
        ``users_shared_with`` (other split -> users in both), ``known_user_share``,
        ``cold_target_share`` and ``<column>_equals_items`` (shares of the rows whose
        user is in train, whose target is not, and whose level is the item's own) and,
        where labels are known, the AUC of one quantity alone: ``auc_item_only``,
        ``auc_history_length``, ``auc_seen_before`` (whether the target is in the
        history), ``auc_<column>`` of the row and ``auc_<column>_minus_items``; and
        ``fields``, by name, see :func:`mmctr.evaluation.field_audit.audit_field`. An
        AUC far from 0.5 may be a leak.
    """
    train = splits["train"]
    prior = _PRIOR_CTR
    if are_impressions and train.labels is not None:
        prior = float(np.mean(train.labels))
    return {
        name: {
            **_shares(name, splits, item_levels),
            **{
                f"auc_{quantity}": None
                if rows.labels is None
                else auc(rows.labels, scores.astype(np.float64))
                for quantity, scores in _quantities(
                    rows, train, item_levels, n_items, prior, in_train=name == "train"
                ).items()
            },
            "fields": _fields(rows, train, in_train=name == "train"),
        }
        for name, rows in splits.items()
    }


def _shares(
    name: str, splits: dict[str, AuditedRows], item_levels: dict[str, NDArray[Any]]
) -> dict[str, object]:
    rows, train = splits[name], splits["train"]
    users = {part: set(np.unique(found.users)) for part, found in splits.items()}
    return {
        "rows": len(rows.items),
        "positive_rate": None if rows.labels is None else _mean(rows.labels),
        "users": len(users[name]),
        "users_shared_with": {
            other: len(users[name] & users[other]) for other in splits if other != name
        },
        "known_user_share": _mean(_among(rows.users, train.users)),
        "cold_target_share": _mean(
            unseen_in_train(rows.items, train.items, train.history)
        ),
        **{
            f"{column}_equals_items": _mean(rows.levels[column] == own[rows.items - 1])
            for column, own in item_levels.items()
        },
    }


def _quantities(
    rows: AuditedRows,
    train: AuditedRows,
    item_levels: dict[str, NDArray[Any]],
    n_items: int,
    prior: float,
    *,
    in_train: bool,
) -> dict[str, NDArray[Any]]:
    """Collect the quantities ``[R]`` that might give the label away."""
    every = np.ones(len(train.items), bool)
    offsets = np.concatenate([[0], np.cumsum(rows.history_lengths)])
    own = {
        column: levels[rows.items - 1].astype(np.int64)
        for column, levels in item_levels.items()
    }
    return {
        "item_only": _cross_scored(train, n_items, prior)
        if in_train
        else _item_only(train, every, rows.items, n_items, prior),
        "history_length": rows.history_lengths,
        "seen_before": seen_before(rows.items, rows.history, offsets),
        **{column: rows.levels[column] for column in own},
        **{
            f"{column}_minus_items": rows.levels[column] - own[column] for column in own
        },
    }


def _cross_scored(
    train: AuditedRows, n_items: int, prior: float
) -> NDArray[np.float64]:
    """Score the train rows by the other half of the users."""
    half = _half_of_users(train)
    scores = np.empty(len(train.items))
    for part in (half, ~half):
        scores[part] = _item_only(train, ~part, train.items[part], n_items, prior)
    return scores


def _item_only(
    train: AuditedRows,
    use: NDArray[np.bool_],
    items: NDArray[Any],
    n_items: int,
    prior: float,
) -> NDArray[np.float64]:
    # For the type checker: train is always labelled.
    assert train.labels is not None  # nosec B101
    return item_only_scores(
        train.items[use],
        train.labels[use],
        items,
        n_items,
        prior,
        _PRIOR_STRENGTH,
    )


def _half_of_users(train: AuditedRows) -> NDArray[np.bool_]:
    _, codes = np.unique(train.users, return_inverse=True)
    return codes % 2 == 0


def _fields(
    rows: AuditedRows, train: AuditedRows, *, in_train: bool
) -> dict[str, object]:
    # For the type checker: train is always labelled.
    assert train.labels is not None  # nosec B101
    fold = _half_of_users(train) if in_train and rows.fields else None
    return {
        name: audit_field(found, rows.labels, train.fields[name], train.labels, fold)
        for name, found in rows.fields.items()
    }


def _among(values: NDArray[Any], others: NDArray[Any]) -> NDArray[np.bool_]:
    """``[R]`` whether a value is one of the others."""
    distinct, codes = np.unique(values, return_inverse=True)
    return np.isin(distinct, np.unique(others))[codes]


def _mean(values: NDArray[Any]) -> float | None:
    return float(np.mean(values)) if len(values) else None
