"""Nodes that score rows by trained weights.

They import torch themselves: listing pipelines stays quick.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.ctr.params import CtrParams
from mmctr.pipelines.ctr_modeling.nodes import Weights
from mmctr.reporting.cautions import relative_probabilities


def predict_valid(
    item_table: pa.Table,
    vectors: dict[str, np.ndarray],
    weights: Weights,
    valid_rows: pa.Table,
    item_id_mapping: pa.Table,
    preparation_report: dict,
    params: CtrParams,
) -> pa.Table:
    """Score valid by weights that have not seen it; see :func:`predict_rows`."""
    from mmctr.ctr.training.refit import selected_weights

    return predict_rows(
        item_table,
        vectors,
        selected_weights(weights),
        valid_rows,
        item_id_mapping,
        preparation_report,
        params,
    )


def predict_rows(
    item_table: pa.Table,
    vectors: dict[str, np.ndarray],
    weights: Weights,
    rows: pa.Table,
    item_id_mapping: pa.Table,
    preparation_report: dict,
    params: CtrParams,
) -> pa.Table:
    """Score every row, and give the items back their original ids.

    Args:
        item_table: Row i is item i, row 0 is padding.
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 zero; mapped, and read
            only if the features have them.
        weights: From :func:`train_model`.
        rows: Of valid or test, with their statistics.
        item_id_mapping: ``item_id`` 1..n_items in order, and ``original_id``.
        preparation_report: Says how many negatives were drawn.
        params: Features, sizes, calibration, and how values unknown in training are
            handled.

    Returns:
        ``user_id``, ``item_id`` (both of the source's own type; null for an item that
        the item table lacks), ``label`` (int8, nullable), ``probability`` (float64) and
        ``raw_probability``, that before calibration, in the order of ``rows``. Where
        negatives were drawn, the schema's metadata says under ``probability`` what
        probabilities are relative to.

    Raises:
        ValueError: If the weights belong to another item table, other parameters or
            other row statistics.
    """
    from mmctr.ctr.inputs.item_table import ItemTable
    from mmctr.ctr.inputs.vocabulary import within_vocabulary
    from mmctr.ctr.prediction import log_to_score, predict_clicks
    from mmctr.ctr.training.calibrated_weights import split_calibration
    from mmctr.ctr.training.refit import final_weights

    items = ItemTable.from_arrow(item_table, vectors)
    weights, calibration = split_calibration(
        final_weights(weights), params.calibration.method
    )
    items, weights = within_vocabulary(items, weights, params)
    log = log_to_score(rows, params, items.n_items)
    try:
        raw = predict_clicks(items, weights, log, params)
    except RuntimeError as error:
        if "loading state_dict" not in str(error):
            raise
        raise ValueError(
            "ctr_weights belong to another item_table, or to other features or sizes "
            f"than the parameters name ({' '.join(str(error).split())[:300]}); train "
            "again: kedro run --pipeline ctr_modeling"
        ) from error
    is_known = pc.greater(rows["item_id"], 0)
    places = pc.if_else(is_known, pc.subtract(rows["item_id"], 1), None)
    relative = relative_probabilities(preparation_report)
    return pa.table(
        {
            "user_id": rows["user_id"],
            "item_id": item_id_mapping["original_id"].take(places),
            "label": rows["label"],
            "probability": pa.array(calibration.apply(raw), pa.float64()),
            "raw_probability": pa.array(raw, pa.float64()),
        },
        metadata={"probability": relative} if relative else None,
    )
