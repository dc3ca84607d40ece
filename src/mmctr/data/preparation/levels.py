"""Popularity levels and tags of the items."""

from collections import Counter

import numpy as np
import pyarrow as pa

from mmctr.data.raw_schemas import MAX_LEVEL


def quantile_levels(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Levels 0..10 by quantile; equal values share a level.

    Args:
        values: ``[n]`` numbers.
        reference: Numbers whose ten inner 11-quantiles are the borders; at least one.

    Returns:
        ``[n]`` int64; a value at or below the first border is level 0.
    """
    shares = np.arange(1, MAX_LEVEL + 1) / (MAX_LEVEL + 1)
    return np.searchsorted(np.quantile(reference, shares), values, side="left")


def item_levels(items: pa.Table, column: str, train_counts: np.ndarray) -> np.ndarray:
    """Levels of a popularity column, or of training events if there is none.

    Args:
        items: The item table.
        column: ``likes`` or ``views``.
        train_counts: ``[n_items]`` training events of each item.

    Returns:
        ``[n_items]`` int64, 0..10; 0 where the column is empty.
    """
    if column in items.column_names:
        values = items[column].to_numpy().astype(np.float64)
        known = ~np.isnan(values)
        levels = np.zeros(len(values), np.int64)
        if known.any():
            levels[known] = quantile_levels(values[known], values[known])
        return levels
    return quantile_levels(train_counts, train_counts[train_counts > 0])


def tag_ids(items: pa.Table, max_tags: int) -> tuple[pa.ListArray, int]:
    """Tags as ids from 1, the most frequent first.

    Args:
        items: The item table; without a column ``tags`` no item has any.
        max_tags: Most tags per item; the first ones are kept.

    Returns:
        ``n_items`` lists of int32 ids, and the number of different tags.
    """
    given = (
        items["tags"].to_pylist() if "tags" in items.column_names else [[]] * len(items)
    )
    kept = [list(dict.fromkeys(tags))[:max_tags] for tags in given]
    counts = Counter(tag for tags in kept for tag in tags)
    ranked = sorted(counts, key=lambda tag: (-counts[tag], tag))
    ids = {tag: rank for rank, tag in enumerate(ranked, start=1)}
    lists = [[ids[tag] for tag in tags] for tags in kept]
    return pa.array(lists, pa.list_(pa.int32())), len(ids)
