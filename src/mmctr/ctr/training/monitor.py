"""Check that the validation rows define the monitor."""

import numpy as np

from mmctr.evaluation import gauc


def require_defined_monitor(
    labels: np.ndarray, groups: np.ndarray, monitor: str
) -> None:
    """Stop before training if the monitor would be undefined after it.

    Args:
        labels: ``[rows]`` of 0 and 1, of valid.
        groups: ``[rows]`` of valid, for gAUC.
        monitor: ``auc`` or ``gauc``.

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
