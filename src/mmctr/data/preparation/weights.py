"""Weights of rows, from a column of the log."""

import logging

import numpy as np
import pyarrow as pa

from mmctr.data.preparation.params import PreparationParams
from mmctr.data.reading.source import LogSource

logger = logging.getLogger(__name__)

_SHOWN = 5


def row_weights(source: LogSource, params: PreparationParams) -> np.ndarray | None:
    """Weights ``[rows]`` float64 of the log's rows, uncut; None if none are asked for.

    Raises:
        ValueError: If the log lacks the column, or it holds no numbers over 0, or
            propensities over 1; it names the first five rows.
    """
    name = params.weight_column
    if name is None:
        return None
    log = source.log
    where = f"{source.file('interactions')}: column '{name}'"
    if name not in log.column_names:
        raise ValueError(
            f"{where} (preparation.weight_column) is missing; the file has "
            f"{', '.join(log.column_names)}"
        )
    column = log[name]
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if not numeric:
        raise ValueError(
            f"{where} (preparation.weight_column) is {column.type}, expected numbers"
        )
    values = column.to_numpy().astype(np.float64)
    is_right = np.isfinite(values) & (values > 0)
    expected = "numbers over 0"
    if params.weight_is == "propensity":
        is_right &= values <= 1
        expected = "probabilities over 0 and at most 1"
    wrong = np.flatnonzero(~is_right)
    if wrong.size:
        raise ValueError(
            f"{where} (preparation.weight_column, weight_is={params.weight_is}) must "
            f"hold {expected}; {wrong.size} rows do not, first rows "
            f"{wrong[:_SHOWN].tolist()} hold {values[wrong[:_SHOWN]].tolist()}; fix or "
            "drop them"
        )
    return 1 / values if params.weight_is == "propensity" else values


def scale_weights(
    weights: dict[str, np.ndarray], params: PreparationParams
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """Cut the parts' weights, and scale them to a mean of 1 in train.

    Args:
        weights: By part ``[E]`` float64.
        params: Where to cut.

    Returns:
        The weights as float32, and what was done, ready for JSON.
    """
    limit = np.inf if params.max_weight is None else params.max_weight
    cut = {name: np.minimum(values, limit) for name, values in weights.items()}
    clipped = {name: int((values > limit).sum()) for name, values in weights.items()}
    if any(clipped.values()):
        logger.warning(
            "preparation.max_weight=%g cuts the weights of %d of %d rows of train",
            limit,
            clipped["train"],
            len(weights["train"]),
        )
    mean = cut["train"].mean()
    scaled = {name: (values / mean).astype(np.float32) for name, values in cut.items()}
    report = {
        "column": params.weight_column,
        "weight_is": params.weight_is,
        "max_weight": params.max_weight,
        "clipped": clipped,
        "mean_before": float(mean),
        "greatest": float(scaled["train"].max()),
    }
    return scaled, report
