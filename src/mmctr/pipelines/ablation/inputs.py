"""What goes into an ablation: its rows, and how they are told from others."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mmctr.pipelines.ablation.params import AblationParams

_DIGITS = 16
_ROWS = 65_536


@dataclass(frozen=True)
class Parts:
    """The rows that models train on, are chosen by and are reported on."""

    train: pa.Table
    valid: pa.Table
    test: pa.Table


def fingerprint(table: pa.Table) -> str:
    """Hash names, types and values of a table, as it was read.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(table.schema.remove_metadata().serialize())
    for batch in table.to_batches(max_chunksize=_ROWS):
        digest.update(batch.serialize())
    return digest.hexdigest()[:_DIGITS]


def choose_rows(
    train: pa.Table, valid: pa.Table, test: pa.Table, params: AblationParams
) -> Parts:
    """Cut train to the budget, and take a test part out of valid where test is blind.

    Args:
        train: Labelled rows with ``group_id``.
        valid: Labelled rows with ``user_id``.
        test: Rows, labelled or not.
        params: ``budget.train_rows``, ``test_share`` and the seed of both draws.

    Returns:
        Rows in the order of their tables; groups of train and users of valid stay
        whole.

    Raises:
        ValueError: If valid has a single user and has to give some.
    """
    most = params.budget.train_rows
    if 0 < most < train.num_rows:
        train = _draw(train, "group_id", most, params.seed)
    if test["label"].null_count:
        rows = round(valid.num_rows * params.test_share)
        test = _draw(valid, "user_id", rows, params.seed)
        taken = test["user_id"].unique()
        valid = valid.filter(
            pa.compute.invert(pa.compute.is_in(valid["user_id"], taken))
        )
        if not (valid.num_rows and test.num_rows):
            raise ValueError(
                "ablation: test has no labels, and valid has too few users to be cut "
                "in two; change ablation.test_share or give a labelled test"
            )
    return Parts(train, valid, test)


def _draw(table: pa.Table, column: str, rows: int, seed: int) -> pa.Table:
    """Groups of equal values in a random order, while they fit into the rows."""
    groups = pa.compute.dictionary_encode(table[column].combine_chunks())
    if isinstance(groups, pa.ChunkedArray):
        groups = groups.combine_chunks()
    numbers = groups.indices.to_numpy()
    sizes = np.bincount(numbers)
    order = np.random.default_rng(seed).permutation(len(sizes))
    fits = order[np.cumsum(sizes[order]) <= rows]
    return table.filter(pa.array(np.isin(numbers, fits)))
