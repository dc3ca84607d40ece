"""Arrow tables in the challenge's layout, each marked as synthetic."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from mmctr.data.columns import lists_of_rows
from mmctr.data.datasets import TablePieces
from mmctr.data.sample.clicks import SLATE_SIZE, Slates, pad_histories
from mmctr.data.sample.contents import Contents

# Stored in the parquet files, so nobody mistakes one for real data.
SYNTHETIC = {"mmctr": "synthetic"}

# Items or users per piece; one of train is 26 MB.
PIECE = 8192


def item_feature_table(contents: Contents) -> TablePieces:
    """Build ``item_feature``, items 1..n in order.

    Args:
        contents: The visible side of the items.

    Returns:
        ``item_id, item_title, item_tags, likes_level, views_level, txt_emb_BERT,
        img_emb_CLIPRN50``.
    """

    def table_of(rows: slice) -> pa.Table:
        return _table(
            {
                "item_id": np.arange(rows.start, rows.stop) + 1,
                "item_title": pa.array(contents.titles[rows], pa.string()),
                "item_tags": lists_of_rows(contents.tags[rows]),
                "likes_level": contents.likes_level[rows],
                "views_level": contents.views_level[rows],
                "txt_emb_BERT": lists_of_rows(contents.text[rows]),
                "img_emb_CLIPRN50": lists_of_rows(contents.image[rows]),
            }
        )

    return TablePieces(len(contents.titles), PIECE, table_of)


def item_info_table(contents: Contents) -> pa.Table:
    """Build ``item_info``: row 0 is padding, row i is item i.

    Args:
        contents: The visible side of the items.

    Returns:
        ``item_id, item_tags, item_emb_d128``.
    """
    return _table(
        {
            "item_id": np.arange(len(contents.titles) + 1),
            "item_tags": lists_of_rows(_with_padding_row(contents.tags)),
            "item_emb_d128": lists_of_rows(_with_padding_row(contents.joint)),
        }
    )


def item_seq_table(users: np.ndarray, history: pa.LargeListArray) -> TablePieces:
    """Build ``item_seq``, one history per user, ordered by user.

    Args:
        users: ``[n_users]`` int64.
        history: Lists of items, one per user.

    Returns:
        ``user_id, item_seq``.
    """
    order = np.argsort(users)

    def table_of(rows: slice) -> pa.Table:
        chosen = order[rows]
        padded = pad_histories(history, chosen)
        return _table({"user_id": users[chosen], "item_seq": lists_of_rows(padded)})

    return TablePieces(len(users), PIECE, table_of)


def click_table(
    users: np.ndarray, slates: Slates, contents: Contents, *, with_label: bool
) -> TablePieces:
    """Build one part of the click log, four rows per user.

    Args:
        users: ``[n_users]`` int64.
        slates: Histories, targets and labels of these users.
        contents: Source of the targets' levels.
        with_label: Whether the part has its labels.

    Returns:
        ``user_id, item_seq, item_id, likes_level, views_level`` and ``label``.
    """

    def table_of(rows: slice) -> pa.Table:
        padded = pad_histories(slates.history, np.arange(rows.start, rows.stop))
        item = slates.item[rows].ravel().astype(np.int64)
        columns = {
            "user_id": np.repeat(users[rows], SLATE_SIZE),
            "item_seq": lists_of_rows(np.repeat(padded, SLATE_SIZE, axis=0)),
            "item_id": item,
            "likes_level": contents.likes_level[item - 1],
            "views_level": contents.views_level[item - 1],
        }
        if with_label:
            columns["label"] = slates.label[rows].ravel().astype(np.int64)
        return _table(columns)

    return TablePieces(len(users), PIECE, table_of)


def label_table(slates: Slates) -> pa.Table:
    """Build the withheld labels, in the order of the part's rows.

    Args:
        slates: The part.

    Returns:
        ``label`` int64.
    """
    return _table({"label": slates.label.ravel().astype(np.int64)})


def _table(columns: Mapping[str, np.ndarray | pa.Array]) -> pa.Table:
    return pa.table(dict(columns)).replace_schema_metadata(SYNTHETIC)


def _with_padding_row(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros_like(rows[:1]), rows])
