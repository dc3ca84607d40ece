"""The challenge's files as primary tables: split and labelled already."""

import numpy as np
import pyarrow as pa

from mmctr.data.datasets import ChallengeSource
from mmctr.data.datasets.challenge_files import ChallengeRows
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.report import build_report
from mmctr.data.preparation.tables import (
    PrimaryTables,
    items_table,
    rows_table,
)
from mmctr.data.preparation.unknown import Unknown, pad_challenge_rows, settle
from mmctr.data.zero_vectors import warn_of_zero_vectors
from mmctr.runtime.jagged import keep_last


def prepare_challenge(
    source: ChallengeSource, params: PreparationParams
) -> PrimaryTables:
    """Re-index the challenge's items from 1, in file order, and strip the padding.

    A row's group is its user.

    Args:
        source: The challenge's files.
        params: ``max_history`` and ``unknown_items`` are used.

    Returns:
        The primary tables.

    Raises:
        ValueError: If a target or a history holds an item that ``item_feature`` lacks,
            or a row of test a level that is none, and ``unknown_items`` is ``strict``;
            it names the part, the column and the first five rows. If nothing is left of
            a part.
    """
    items = source.items
    lookup = ItemIndex(items.item_ids).lookup
    own = {"likes_level": items.likes_levels, "views_level": items.views_levels}
    numbered: dict[str, ChallengeRows] = {}
    found: list[Unknown] = []
    for name in ("train", "valid", "test"):
        given = getattr(source, name)
        numbered[name], unknown = pad_challenge_rows(given, name, lookup, own)
        found += unknown
    settled = settle(found, params.unknown_items)
    parts = {
        name: _part_table(rows, name, params.max_history)
        for name, rows in numbered.items()
    }
    return PrimaryTables(
        items=items_table(
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
            unknown=settled,
            zero_image_vectors=warn_of_zero_vectors(
                "image vectors", items.image_vectors, items.item_ids.tolist()
            ),
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


def _part_table(rows: ChallengeRows, name: str, max_history: int) -> pa.Table:
    if not len(rows.item_ids):
        raise ValueError(
            f"{name}.parquet: no row is left, no target is in item_feature.parquet; "
            "give the item table that belongs to these rows"
        )
    _, groups = np.unique(
        rows.user_ids.to_numpy(zero_copy_only=False), return_inverse=True
    )
    return rows_table(
        user_ids=rows.user_ids,
        group_ids=groups,
        item_ids=rows.item_ids,
        histories=keep_last(rows.history, max_history),
        likes_levels=rows.likes_levels,
        views_levels=rows.views_levels,
        labels=rows.labels,
    )
