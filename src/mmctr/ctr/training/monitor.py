"""The metric on valid that chooses weights: its direction; whether it is defined."""

from typing import Literal

import numpy as np

from mmctr.evaluation import gauc

# Labels at a time, which bounds the memory of sorting them.
_AT_ONCE = 2**24


def monitor_mode(monitor: str) -> Literal["min", "max"]:
    """Whether the lowest or the highest value of a monitor is the best."""
    return "min" if monitor == "logloss" else "max"


def is_better(monitor: str, value: float, best: float | None) -> bool:
    """Whether a value beats the best one so far; NaN never does.

    Args:
        monitor: ``auc``, ``gauc`` or ``logloss``.
        value: Of the latest validation.
        best: None before the first.
    """
    if best is None:
        return not np.isnan(value)
    return value < best if monitor_mode(monitor) == "min" else value > best


def require_both_classes(labels: np.ndarray, part: str) -> None:
    """Refuse labels that no model can be trained on or chosen by.

    Args:
        labels: ``[rows]``.
        part: ``train`` or ``valid``.

    Raises:
        ValueError: If a class is missing, or a label is neither 0 nor 1.
    """
    classes = {*np.unique(labels[:_AT_ONCE]).tolist()}
    for start in range(_AT_ONCE, len(labels), _AT_ONCE):
        classes |= {*np.unique(labels[start : start + _AT_ONCE]).tolist()}
    if classes != {0.0, 1.0}:
        raise ValueError(
            f"{part}: labels must hold both 0 and 1 and nothing else, found "
            f"{sorted(classes)[:5]}; a model can't be trained or chosen without"
        )


def require_defined_monitor(
    labels: np.ndarray, groups: np.ndarray, monitor: str
) -> None:
    """Stop before training if the monitor would be undefined after it.

    Args:
        labels: ``[rows]`` of 0 and 1, of valid.
        groups: ``[rows]`` of valid, for gAUC.
        monitor: ``auc``, ``gauc`` or ``logloss``.

    Raises:
        ValueError: Naming what the rows lack.
    """
    classes = np.unique(labels).tolist()
    if len(classes) < 2:
        raise ValueError(
            f"valid: labels must hold both 0 and 1, column 'label' of valid.parquet "
            f"holds {classes} and nothing else: AUC is undefined, and no model can be "
            "chosen by it; give valid rows of both classes"
        )
    if monitor == "gauc" and gauc(labels, np.zeros(len(labels)), groups) is None:
        raise ValueError(
            "valid.parquet: no group of 'group_id' has labels of both classes, so gAUC "
            "is undefined and no model can be chosen by it; set "
            "ctr_modeling.training.monitor=auc, or give valid groups of both classes"
        )
