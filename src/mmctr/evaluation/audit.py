"""What the data alone gives away: shares and scores that need no model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.baselines import item_only_scores
from mmctr.evaluation.metrics import auc
from mmctr.evaluation.slices import unseen_in_train

_PRIOR_CTR = 0.25
_PRIOR_STRENGTH = 10.0


@dataclass(frozen=True)
class AuditedRows:
    """One split as the audit sees it."""

    users: NDArray[Any]
    """``[R]`` of any hashable type."""
    items: NDArray[Any]
    """Target of each row ``[R]``, from 1."""
    history: NDArray[Any]
    """Items of all histories, flat."""
    history_lengths: NDArray[Any]
    """``[R]`` items in each history."""
    levels: dict[str, NDArray[Any]]
    """Column -> ``[R]`` level as the row gives it."""
    labels: NDArray[Any] | None
    """``[R]`` of 0 and 1; None where the split is unlabelled."""


def audit_splits(
    splits: dict[str, AuditedRows], item_levels: dict[str, NDArray[Any]]
) -> dict[str, object]:
    """Ask whether labels leak through the item, the levels or the history's length.

    Item-only scores come from train; those of train itself from the other half of its
    users, so that no row scores itself.

    Args:
        splits: By name; ``train`` must be among them and labelled.
        item_levels: Column -> ``[n_items]`` level of the item itself.

    Returns:
        By split, ready for JSON: ``rows``, ``positive_rate``, ``users``,
        ``users_shared_with`` (other split -> users in both), ``cold_target_share``
        (rows whose target train lacks), ``<column>_equals_items`` (share of rows whose
        level is the item's own) and, where labels are known, the AUC of one quantity
        alone: ``auc_item_only``, ``auc_history_length``, ``auc_<column>`` of the row
        and ``auc_<column>_minus_items``. An AUC far from 0.5 tells of a leak.
    """
    train = splits["train"]
    return {
        name: {
            **_shares(name, splits, train, item_levels),
            **_aucs(rows, train, item_levels, in_train=name == "train"),
        }
        for name, rows in splits.items()
    }


def _shares(
    name: str,
    splits: dict[str, AuditedRows],
    train: AuditedRows,
    item_levels: dict[str, NDArray[Any]],
) -> dict[str, object]:
    rows = splits[name]
    users = set(np.unique(rows.users).tolist())
    cold = unseen_in_train(rows.items, train.items, train.history)
    equal = {
        f"{column}_equals_items": _mean(rows.levels[column] == own[rows.items - 1])
        for column, own in item_levels.items()
    }
    return {
        "rows": len(rows.items),
        "positive_rate": None if rows.labels is None else _mean(rows.labels),
        "users": len(users),
        "users_shared_with": {
            other: len(users & set(np.unique(others.users).tolist()))
            for other, others in splits.items()
            if other != name
        },
        "cold_target_share": _mean(cold),
        **equal,
    }


def _aucs(
    rows: AuditedRows,
    train: AuditedRows,
    item_levels: dict[str, NDArray[Any]],
    *,
    in_train: bool,
) -> dict[str, float | None]:
    names = [f"auc_{column}" for column in item_levels]
    names = ["auc_item_only", "auc_history_length", *names]
    names += [f"auc_{column}_minus_items" for column in item_levels]
    if rows.labels is None:
        return dict.fromkeys(names)
    n_items = len(next(iter(item_levels.values())))
    item_only = (
        _cross_scored(train, n_items)
        if in_train
        else _item_only(train, np.ones(len(train.items), bool), rows.items, n_items)
    )
    scores = [item_only, rows.history_lengths]
    scores += [rows.levels[column] for column in item_levels]
    scores += [
        rows.levels[column] - own[rows.items - 1].astype(np.int64)
        for column, own in item_levels.items()
    ]
    return {
        name: auc(rows.labels, score.astype(np.float64))
        for name, score in zip(names, scores, strict=True)
    }


def _cross_scored(train: AuditedRows, n_items: int) -> NDArray[np.float64]:
    """Scores of train rows from the other half of the users."""
    _, codes = np.unique(train.users, return_inverse=True)
    half = codes % 2 == 0
    scores = np.empty(len(train.items))
    for part in (half, ~half):
        scores[part] = _item_only(train, ~part, train.items[part], n_items)
    return scores


def _item_only(
    train: AuditedRows, use: NDArray[np.bool_], items: NDArray[Any], n_items: int
) -> NDArray[np.float64]:
    # For the type checker: train has labels, a ValueError says so before.
    assert train.labels is not None  # nosec B101
    return item_only_scores(
        train.items[use],
        train.labels[use],
        items,
        n_items,
        _PRIOR_CTR,
        _PRIOR_STRENGTH,
    )


def _mean(values: NDArray[Any]) -> float | None:
    return float(np.mean(values)) if len(values) else None
