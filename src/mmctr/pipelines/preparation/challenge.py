"""The challenge's files as primary tables: split and labelled already."""

import numpy as np
import pyarrow as pa

from mmctr.datasets import ChallengeSource
from mmctr.datasets.challenge_files import ChallengeRows
from mmctr.jagged import keep_last
from mmctr.pipelines.preparation.params import PreparationParams
from mmctr.pipelines.preparation.report import build_report
from mmctr.pipelines.preparation.tables import (
    PrimaryTables,
    item_feature_table,
    rows_table,
)


def prepare_challenge(
    source: ChallengeSource, params: PreparationParams
) -> PrimaryTables:
    """Re-index the challenge's items from 1, in file order, and strip the padding.

    A row's group is its user.

    Args:
        source: The challenge's files.
        params: ``max_history`` is used.

    Returns:
        The primary tables.

    Raises:
        ValueError: If a target or a history holds an item that ``item_feature`` lacks;
            it
            names the part, the column and the first five rows.
    """
    items = source.items
    index = ItemIndex(items.item_ids)
    parts = {
        name: _part_table(part, index, name, params.max_history)
        for name, part in (
            ("train", source.train),
            ("valid", source.valid),
            ("test", source.test),
        )
    }
    return PrimaryTables(
        item_feature=item_feature_table(
            items.titles, items.tags, items.likes_levels, items.views_levels
        ),
        image_vectors=items.image_vectors,
        item_id_mapping=pa.table(
            {
                "item_id": pa.array(np.arange(1, len(items.item_ids) + 1)),
                "original_id": pa.array(items.item_ids),
            }
        ),
        **parts,
        report=build_report(
            "challenge",
            parts,
            len(items.item_ids),
            levels_from={"likes": "items", "views": "items"},
            oracle_auc=source.oracle_auc,
        ),
    )


class ItemIndex:
    """Original item ids to 1..n_items, in row order."""

    def __init__(self, original_ids: np.ndarray) -> None:
        """Take the ids of the item table, int64, in row order."""
        self._order = np.argsort(original_ids)
        self._sorted = original_ids[self._order]

    def lookup(self, ids: np.ndarray) -> np.ndarray:
        """Row of each id, from 1; 0 for an id that is not there."""
        places = np.searchsorted(self._sorted, ids)
        places = np.minimum(places, len(self._sorted) - 1)
        return np.where(self._sorted[places] == ids, self._order[places] + 1, 0)


def _part_table(
    rows: ChallengeRows, index: ItemIndex, name: str, max_history: int
) -> pa.Table:
    targets = index.lookup(rows.item_ids)
    _require_known(np.flatnonzero(targets == 0), name, "item_id")
    values, offsets = keep_last(rows.history, max_history)
    history = index.lookup(values)
    unknown = np.flatnonzero(history == 0)
    _require_known(
        np.unique(np.searchsorted(offsets, unknown, side="right") - 1), name, "item_seq"
    )
    _, groups = np.unique(
        rows.user_ids.to_numpy(zero_copy_only=False), return_inverse=True
    )
    return rows_table(
        user_ids=rows.user_ids,
        group_ids=groups,
        item_ids=targets,
        histories=(history, offsets),
        likes_levels=rows.likes_levels,
        views_levels=rows.views_levels,
        labels=rows.labels,
    )


def _require_known(rows: np.ndarray, part: str, column: str) -> None:
    if rows.size:
        raise ValueError(
            f"{part}.parquet: column '{column}' has {rows.size} rows with items that "
            f"item_feature.parquet lacks, first rows {rows[:5].tolist()}; add these "
            "items or drop the rows"
        )
