"""A few items, and the items that share codes with them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from mmctr.content.quantizers.checks import row_groups
from mmctr.content.quantizers.params import QuantizationParams

_ITEMS = 5
_OTHERS = 4
_COLUMNS = (
    "modality",
    "item_id",
    "title",
    "shared_codes",
    "codes",
    "other_item_id",
    "other_title",
)


def list_shared_codes(
    items: pa.Table, codes: Mapping[str, np.ndarray], params: QuantizationParams
) -> pd.DataFrame:
    """List, for a few items, those that share most codes with them.

    Args:
        items: ``item_id`` 1..n in order and ``title`` (null: none).
        codes: By modality ``[n, positions]`` int32; ``[n, 0]`` where there are none.
        params: The seed that the items are drawn by.

    Returns:
        Up to four rows for each of five items per modality: ``modality``, ``item_id``,
        ``title``, ``shared_codes`` of ``codes`` positions, ``other_item_id`` and
        ``other_title``. Items that share all their codes with another are drawn first,
        those without a title last.
    """
    titles = [title or "" for title in items["title"].to_pylist()]
    rows = []
    for modality, own in codes.items():
        if own.shape[1] == 0:
            continue
        for item in _drawn(own, titles, params.seed):
            shared = (own == own[item]).sum(axis=1)
            shared[item] = -1
            # Stable: of equals, the first in the table.
            others = np.argsort(-shared, kind="stable")[:_OTHERS]
            rows += [
                (
                    modality,
                    int(item) + 1,
                    titles[item],
                    int(shared[other]),
                    own.shape[1],
                    int(other) + 1,
                    titles[other],
                )
                for other in others
                if shared[other] > 0
            ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _drawn(codes: np.ndarray, titles: list[str], seed: int) -> np.ndarray:
    order = np.random.default_rng(seed).permutation(len(codes))
    groups, sizes = row_groups(codes)
    alone = sizes[groups] == 1
    untitled = np.array([not title.strip() for title in titles])
    rank = 2 * untitled + alone
    return order[np.argsort(rank[order], kind="stable")][:_ITEMS]
