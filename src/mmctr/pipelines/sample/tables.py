"""Arrow tables in the challenge's layout, each marked as synthetic."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from mmctr.pipelines.sample.clicks import SLATE_SIZE, Slates
from mmctr.pipelines.sample.contents import Contents

# Parquet keeps it, so nobody takes a file for a part of the real data set.
SYNTHETIC = {"mmctr": "synthetic"}


def item_feature_table(contents: Contents) -> pa.Table:
    """Build ``item_feature``, items 1..n in order.

    Args:
        contents: The items as they look.

    Returns:
        ``item_id, item_title, item_tags, likes_level, views_level, txt_emb_BERT,
        img_emb_CLIPRN50``.
    """
    return _table(
        {
            "item_id": np.arange(1, len(contents.titles) + 1),
            "item_title": pa.array(contents.titles, pa.string()),
            "item_tags": _lists(contents.tags),
            "likes_level": contents.likes_level,
            "views_level": contents.views_level,
            "txt_emb_BERT": _lists(contents.text),
            "img_emb_CLIPRN50": _lists(contents.image),
        }
    )


def item_info_table(contents: Contents) -> pa.Table:
    """Build ``item_info``: row 0 is padding, row i is item i.

    Args:
        contents: The items as they look.

    Returns:
        ``item_id, item_tags, item_emb_d128``.
    """
    return _table(
        {
            "item_id": np.arange(len(contents.titles) + 1),
            "item_tags": _lists(_with_padding_row(contents.tags)),
            "item_emb_d128": _lists(_with_padding_row(contents.joint)),
        }
    )


def item_seq_table(users: np.ndarray, history: np.ndarray) -> pa.Table:
    """Build ``item_seq``, one history a user, ordered by user.

    Args:
        users: ``[n_users]`` int64.
        history: ``[n_users, 100]`` int64, left-padded with 0.

    Returns:
        ``user_id, item_seq``.
    """
    order = np.argsort(users)
    return _table({"user_id": users[order], "item_seq": _lists(history[order])})


def click_table(
    users: np.ndarray, slates: Slates, contents: Contents, *, with_label: bool
) -> pa.Table:
    """Build one part of the click log, four rows a user.

    Args:
        users: ``[n_users]`` int64.
        slates: Histories, targets and labels of these users.
        contents: Gives the targets' levels.
        with_label: Whether the part has its labels.

    Returns:
        ``user_id, item_seq, item_id, likes_level, views_level`` and ``label``.
    """
    item = slates.item.ravel()
    columns = {
        "user_id": np.repeat(users, SLATE_SIZE),
        "item_seq": _lists(np.repeat(slates.history, SLATE_SIZE, axis=0)),
        "item_id": item,
        "likes_level": contents.likes_level[item - 1],
        "views_level": contents.views_level[item - 1],
    }
    if with_label:
        columns["label"] = slates.label.ravel()
    return _table(columns)


def label_table(slates: Slates) -> pa.Table:
    """Build the withheld labels, in the order of the part's rows.

    Args:
        slates: The part.

    Returns:
        ``label`` int64.
    """
    return _table({"label": slates.label.ravel()})


def _table(columns: Mapping[str, np.ndarray | pa.Array]) -> pa.Table:
    return pa.table(dict(columns)).replace_schema_metadata(SYNTHETIC)


def _lists(rows: np.ndarray) -> pa.ListArray:
    """Turn ``[n, width]`` into a list column without a Python list."""
    n_rows, width = rows.shape
    offsets = np.arange(n_rows + 1, dtype=np.int32) * width
    return pa.ListArray.from_arrays(offsets, rows.ravel())


def _with_padding_row(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros_like(rows[:1]), rows])
