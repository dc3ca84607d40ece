"""The rows that a model is judged by, without what they are about.

Two runs can be compared where their rows are the same. Those that a run keeps for it
say which rows have one user and which compete, and name nobody.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from mmctr.data.row_weights import COLUMN as WEIGHT
from mmctr.data.row_weights import row_weights
from mmctr.evaluation.resampling import UserRows


@dataclass(frozen=True)
class JudgedRows:
    """Labelled rows in their order."""

    labels: NDArray[Any]
    """``[R]`` of 0 and 1."""
    users: NDArray[Any]
    """Number of each row's user ``[R]``, by first appearance."""
    groups: NDArray[Any]
    """Number of each row's group ``[R]``, by first appearance."""
    weights: NDArray[Any] | None
    """``[R]``; None: all the same."""
    key: str
    """Hash of the rows as the source names them: equal for equal rows in equal order,
    however the log was numbered."""

    @classmethod
    def of(cls, rows: pa.Table, predictions: pa.Table) -> Self:
        """Number the rows of a part.

        Args:
            rows: ``valid`` or ``test``, labelled.
            predictions: Of these rows, with users and items as in the source.
        """
        users, groups = _number(predictions["user_id"]), _number(rows["group_id"])
        weights = row_weights(rows) if WEIGHT in rows.column_names else None
        named = {
            "user": predictions["user_id"],
            "item": predictions["item_id"],
            "label": rows["label"],
            **({"time": rows["timestamp"]} if "timestamp" in rows.column_names else {}),
        }
        digest = hashlib.sha256(groups.tobytes())
        for column in (*map(_hashes, named.values()), weights):
            digest.update(b"" if column is None else column.tobytes())
        labels = rows["label"].to_numpy().astype(np.int8)
        return cls(labels, users, groups, weights, digest.hexdigest())

    @classmethod
    def of_table(cls, table: pa.Table) -> Self:
        """Read what :meth:`to_table` wrote."""
        return cls(
            table["label"].to_numpy(),
            table["user"].to_numpy(),
            table["group"].to_numpy(),
            table[WEIGHT].to_numpy() if WEIGHT in table.column_names else None,
            table.schema.metadata[b"key"].decode(),
        )

    def to_table(self) -> pa.Table:
        """Write them as a table, the key in its metadata."""
        columns = {"label": self.labels, "user": self.users, "group": self.groups}
        if self.weights is not None:
            columns[WEIGHT] = self.weights
        return pa.table(columns, metadata={"key": self.key})

    def user_rows(self, *, weighted: bool) -> UserRows:
        """Number them for measures.

        Args:
            weighted: Whether the weights count, if there are any.
        """
        weights = self.weights if weighted else None
        return UserRows.of(self.labels, self.groups, self.users, weights)


def _number(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """Number the values by first appearance ``[R]``."""
    return pd.factorize(column.to_pandas())[0].astype(np.int32)


def _hashes(column: pa.ChunkedArray) -> NDArray[np.uint64]:
    """Hash each value ``[R]``; empty ones are equal."""
    return pd.util.hash_pandas_object(column.to_pandas(), index=False).to_numpy()
