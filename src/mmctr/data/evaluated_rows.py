"""Tables of the catalog as the arrays that are evaluated."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.datasets.unpacked_table import joined_table
from mmctr.data.fields.field import CODES
from mmctr.data.log_facts import LogFacts
from mmctr.data.row_weights import row_weights
from mmctr.evaluation import EvaluatedRows, TrainRows
from mmctr.evaluation.own import BaselineRows
from mmctr.evaluation.params import require_single_fields
from mmctr.runtime.scratch import TABLE_GB


def known_rows(
    train: pa.Table, single_fields: Sequence[str], log: LogFacts, *, whole: bool = False
) -> TrainRows:
    """Collect what baselines and slices may know of train.

    Args:
        train: Primary rows, labelled.
        single_fields: Fields whose click rate alone is a baseline.
        log: What the rows are.
        whole: Whether there are own baselines, which see the rows with their histories.

    Returns:
        Its arrays.

    Raises:
        ValueError: If a field is not there, or has several values per row, and is none
            of those that are looked for without being named.
    """
    known = [x.removeprefix(CODES) for x in train.column_names if CODES in x]
    codes = _codes_of(train, known)
    require_single_fields(single_fields, codes)
    history = train["item_seq"].combine_chunks()
    return TrainRows(
        items=train["item_id"].to_numpy(),
        labels=train["label"].to_numpy(),
        history=history.flatten().to_numpy(),
        fields={name: codes[name] for name in single_fields if name in codes},
        are_impressions=log.kind == "impressions",
        negative_keep=log.negative_keep,
        whole=BaselineRows(
            users=train["user_id"].to_pandas().to_numpy(),
            groups=train["group_id"].to_numpy(),
            items=train["item_id"].to_numpy(),
            history=history.flatten().to_numpy(),
            offsets=history.offsets.to_numpy().astype(np.int64),
        )
        if whole
        else None,
    )


def train_and_valid(
    train: pa.Table, valid: pa.Table, log: LogFacts, seed: int
) -> pa.Table:
    """Put the rows of train and valid together.

    Args:
        train: Labelled rows.
        valid: The same, with all negatives.
        log: Of valid's negatives the share that train has is drawn.
        seed: Of this draw.

    Returns:
        Train's rows, then valid's; in temporary files where they are large.
    """
    if log.negative_keep < 1:
        draws = np.random.default_rng(seed).random(valid.num_rows)
        kept = (valid["label"].to_numpy() == 1) | (draws < log.negative_keep)
        valid = valid.filter(pa.array(kept))
    return joined_table([train, valid], TABLE_GB)


def _codes_of(rows: pa.Table, fields: Sequence[str]) -> dict[str, np.ndarray]:
    """Field -> codes ``[R]``, of those that the rows have, one value each."""
    columns = {name: f"{CODES}{name}" for name in fields}
    return {
        name: rows[column].to_numpy()
        for name, column in columns.items()
        if column in rows.column_names
        and pa.types.is_integer(rows.schema.field(column).type)
    }


def in_later_half(rows: pa.Table) -> np.ndarray:
    """Find the rows of the later half of a part.

    Args:
        rows: With ``timestamp``, empty without times.

    Returns:
        ``[R]`` bool: whether a row is no earlier than the middle one. Without times
        all are.
    """
    times = rows["timestamp"].drop_null().to_numpy()
    if len(times) < rows.num_rows:
        return np.ones(rows.num_rows, bool)
    return times >= np.quantile(times, 0.5, method="lower")


def with_unknown_item(title_embeddings: np.ndarray, test: pa.Table) -> np.ndarray:
    """Append a zero title for targets that the item table lacks, if test has any.

    Args:
        title_embeddings: ``[n_items, d]`` float32.
        test: Primary rows; an unknown target is 0.

    Returns:
        ``[n_items, d]``, or ``[n_items + 1, d]`` whose last row is zero.
    """
    if not pc.any(pc.equal(test["item_id"], 0)).as_py():
        return title_embeddings
    return np.pad(title_embeddings, ((0, 1), (0, 0)))


def evaluated_rows(
    rows: pa.Table,
    predictions: pa.Table,
    tree_scores: np.ndarray,
    n_items: int,
    single_fields: Sequence[str],
) -> EvaluatedRows:
    """Collect what is evaluated of a part: its rows and their probabilities.

    Args:
        rows: ``valid`` or ``test``, labelled.
        predictions: Their probabilities.
        tree_scores: Those of the boosted trees, ``[R]``.
        n_items: Items of the item table; an unknown one gets the next number.
        single_fields: Fields whose click rate alone is a baseline.

    Returns:
        The arrays of both.
    """
    history = rows["item_seq"].combine_chunks()
    items = rows["item_id"].to_numpy()
    weights = row_weights(rows)
    return EvaluatedRows(
        labels=rows["label"].to_numpy(),
        probabilities=predictions["probability"].to_numpy(),
        raw_probabilities=predictions["raw_probability"].to_numpy(),
        users=rows["user_id"].to_pandas().to_numpy(),
        groups=rows["group_id"].to_numpy(),
        items=np.where(items == 0, n_items + 1, items),
        history=history.flatten().to_numpy(),
        offsets=history.offsets.to_numpy().astype(np.int64),
        tree_probabilities=tree_scores,
        fields=_codes_of(rows, single_fields),
        weights=weights if len(weights) else None,
    )
