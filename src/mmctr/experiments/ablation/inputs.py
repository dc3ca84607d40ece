"""The rows that go into an ablation."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mmctr.experiments.ablation.params import AblationParams
from mmctr.experiments.common import cut_rows, draw_rows

TREE_SCORE = "tree_score"
"""Column of the boosted trees' probabilities."""


class Parts(NamedTuple):
    """The rows that train models, choose among them, and are reported on."""

    train: pa.Table
    valid: pa.Table
    test: pa.Table


def with_tree_scores(rows: pa.Table, scores: np.ndarray, part: str) -> pa.Table:
    """Append the boosted trees' probabilities as a column.

    Args:
        rows: ``R`` rows of valid or test.
        scores: ``[R]`` float64.
        part: Name of the part, for the message.

    Returns:
        The rows with :data:`TREE_SCORE`.

    Raises:
        ValueError: If the scores are of other rows.
    """
    if len(scores) != rows.num_rows:
        raise ValueError(
            f"{part}_tree_scores.npy: {len(scores):,} scores for {rows.num_rows:,} "
            f"rows of {part}_rows.parquet; make them again: kedro run --pipeline "
            "baselines"
        )
    return rows.append_column(TREE_SCORE, pa.array(scores))


def choose_rows(
    train: pa.Table, valid: pa.Table, test: pa.Table, params: AblationParams
) -> Parts:
    """Cut train to the budget, and split valid where test has no labels.

    Args:
        train: Labelled rows with ``group_id``.
        valid: Labelled rows with ``user_id``.
        test: Rows, labelled or not.
        params: ``budget.train_rows``, ``test_share`` and the seed of both draws.

    Returns:
        Rows in the order of their tables; groups of train and users of valid stay
        whole.

    Raises:
        ValueError: If valid has too few users to be split.
    """
    train = cut_rows(train, params.budget, params.seed)
    if test["label"].null_count:
        rows = round(valid.num_rows * params.test_share)
        test = draw_rows(valid, "user_id", rows, params.seed)
        taken = test["user_id"].unique()
        valid = valid.filter(
            pa.compute.invert(pa.compute.is_in(valid["user_id"], taken))
        )
        if not (valid.num_rows and test.num_rows):
            raise ValueError(
                "ablation: test has no labels, and valid has too few users to be split "
                "in two; change ablation.test_share or give a labelled test"
            )
    # Targets that are not in the item table are the same for every arm.
    return Parts(train, valid, test.filter(pa.compute.greater(test["item_id"], 0)))
