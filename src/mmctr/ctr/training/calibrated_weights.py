"""Calibrations of a model, kept among its weights.

Each method's is there, so that another one is chosen without training again.
"""

import logging

import numpy as np
import torch

from mmctr.evaluation.calibration import LEAST_ROWS, Calibration, fit_calibration

logger = logging.getLogger(__name__)

Weights = dict[str, torch.Tensor]

_PREFIX = "calibration."


def add_calibrations(
    weights: Weights, labels: np.ndarray, probabilities: np.ndarray, method: str
) -> Weights:
    """Fit every method's calibration, and put it beside the weights.

    Args:
        weights: A model's.
        labels: ``[valid rows]`` of 0 and 1.
        probabilities: ``[valid rows]``, what these weights predict.
        method: That of the parameters; if it could not be fitted, the log says why.

    Returns:
        The weights, and the arrays of each calibration, float64, under names such as
        ``calibration.platt.weights``.
    """
    fitted = {name: fit_calibration(labels, probabilities, name) for name in LEAST_ROWS}
    if method in fitted and fitted[method].unfitted:
        logger.warning(
            "probabilities stay as the model gives them: no %s calibration on valid, "
            "%s",
            method,
            fitted[method].unfitted,
        )
    return weights | {
        f"{_PREFIX}{name}.{part}": torch.from_numpy(array)
        for name, calibration in fitted.items()
        for part, array in calibration.as_arrays().items()
    }


def split_calibration(weights: Weights, method: str) -> tuple[Weights, Calibration]:
    """Take the calibrations from beside the weights.

    Args:
        weights: From :func:`add_calibrations`.
        method: Which one; ``off``: one that changes nothing.

    Returns:
        The model's own weights, and the calibration.

    Raises:
        ValueError: If the weights have no such calibration.
    """
    own = {name: x for name, x in weights.items() if not name.startswith(_PREFIX)}
    if method == "off":
        return own, Calibration()
    prefix = f"{_PREFIX}{method}."
    arrays = {
        name.removeprefix(prefix): tensor.numpy()
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }
    try:
        return own, Calibration.from_arrays(arrays)
    except KeyError as error:
        raise ValueError(
            f"ctr_weights have no {prefix}{error.args[0]}: they were made without "
            "calibration; train again (kedro run --pipeline ctr_modeling), or set "
            "ctr_modeling.calibration.method=off"
        ) from error
