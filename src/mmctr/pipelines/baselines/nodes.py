"""Node of the baselines pipeline.

torch and LightGBM are imported when the node runs, so that commands that only list
pipelines are quick.
"""

import logging
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.data.log_facts import LogFacts
from mmctr.data.row_weights import row_weights
from mmctr.evaluation.boosted_trees import draw_groups, fit_trees
from mmctr.evaluation.params import BaselineParams

logger = logging.getLogger(__name__)


def score_by_trees(
    item_table: pa.Table,
    vectors: dict[str, np.ndarray],
    train_rows: pa.Table,
    valid_rows: pa.Table,
    test_rows: pa.Table,
    test_frozen_rows: pa.Table,
    preparation_report: dict,
    params: BaselineParams,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
    """Score valid and test by boosted trees on all that is known of a row.

    Args:
        item_table: Row i is item i, row 0 is padding.
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 zero; d may be 0.
        train_rows: Labelled rows with their statistics.
        valid_rows: The same; their logloss chooses the number of trees.
        test_rows: The same, labelled or not.
        test_frozen_rows: The same rows with frozen statistics, or none.
        preparation_report: Says which share of the negatives train has.
        params: Trees, components, seed.

    Returns:
        Probabilities of valid, test and test with frozen statistics, float64 ``[R]``;
        and, ready for JSON, ``best_round``, ``rows`` (trained on) and ``gain`` (column
        -> its share).

    Raises:
        ValueError: If train holds one class only.
    """
    from mmctr.ctr.inputs.tree_matrix import TreeMatrix, field_categories

    inputs = TreeMatrix.fit(item_table, vectors, train_rows, params.components)
    size = params.boosted_trees.max_rows
    drawn = draw_groups(train_rows["group_id"].to_numpy(), size, params.seed)
    if len(drawn) < train_rows.num_rows:
        train_rows = train_rows.take(pa.array(drawn))
    matrix, columns = inputs.matrix(train_rows)
    valid_matrix, _ = inputs.matrix(valid_rows)
    weights = row_weights(train_rows)
    trees = fit_trees(
        matrix,
        train_rows["label"].to_numpy(),
        valid_matrix,
        valid_rows["label"].to_numpy(),
        columns,
        params.boosted_trees,
        seed=params.seed,
        threads=params.threads,
        weights=weights if len(weights) else None,
        negative_keep=LogFacts.of(preparation_report).negative_keep,
        categories=field_categories(item_table, train_rows),
    )
    rows, best = train_rows.num_rows, trees.best_round
    logger.info("%s trees of %s columns, on %s rows", best, len(columns), f"{rows:,}")
    importance = {"best_round": best, "rows": rows, "gain": trees.gain}
    parts = (test_rows, test_frozen_rows)
    scores = (trees.predict(inputs.matrix(part)[0]) for part in parts)
    return (trees.predict(valid_matrix), *scores, importance)
