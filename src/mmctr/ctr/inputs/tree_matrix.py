"""Rows as a matrix of numbers, for models that take nothing else."""

from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from mmctr.ctr.features.vectors import Projection
from mmctr.ctr.model_params import ContinuousParams
from mmctr.data.fields.field import CODES, FIRST, VALUES
from mmctr.data.train_items import items_in_train

_ROWS = 1 << 17


class TreeMatrix:
    """Everything that is known of a row as float32 columns; NaN: not known.

    Columns: every row statistic (a column of the table with a dot in its name), length
    of the history, fields of item, user and row, principal components of the target's
    vectors and of the mean of the history's.
    """

    def __init__(
        self,
        n_items: int,
        components: dict[str, np.ndarray],
        fields: dict[str, np.ndarray],
    ) -> None:
        """Store what is known of every item.

        Args:
            n_items: How many there are.
            components: Modality -> ``[n_items + 1, w]`` float32; NaN for an item
                without a vector.
            fields: Name -> ``[n_items + 1]`` float32.
        """
        self._n_items = n_items
        self._components = components
        self._fields = fields

    @classmethod
    def fit(
        cls,
        item_table: pa.Table,
        vectors: dict[str, np.ndarray],
        train: pa.Table,
        components: int,
    ) -> Self:
        """Fit principal components on the items of train.

        Args:
            item_table: Row i is item i, row 0 is padding.
            vectors: Modality -> ``[n_items + 1, d]`` float32, zeros for an item without
                a vector; may be a memory map.
            train: ``item_id`` and ``item_seq`` of the train rows.
            components: Per modality; 0: no vectors.
        """
        seen = items_in_train(train, item_table.num_rows - 1)
        params = ContinuousParams(components=components, normalize="columns")
        return cls(
            item_table.num_rows - 1,
            {
                name: _components(found, seen, params)
                for name, found in vectors.items()
                if found.shape[1] and components
            },
            _fields(item_table),
        )

    def matrix(self, rows: pa.Table) -> tuple[np.ndarray, list[str]]:
        """Write rows as a matrix, some at a time.

        Args:
            rows: ``train_rows``, ``valid_rows`` or ``test_rows``.

        Returns:
            ``[R, C]`` float32, and the names of its columns.
        """
        names = list(self._columns(rows.slice(0, 0)))
        matrix = np.empty((rows.num_rows, len(names)), np.float32)
        for start in range(0, rows.num_rows, _ROWS):
            columns = self._columns(rows.slice(start, _ROWS))
            for place, values in enumerate(columns.values()):
                matrix[start : start + _ROWS, place] = values
        return matrix, names

    def _columns(self, rows: pa.Table) -> dict[str, np.ndarray]:
        """Column -> ``[R]``."""
        targets = rows["item_id"].to_numpy()
        history = rows["item_seq"].combine_chunks()
        lengths = pc.list_value_length(history).to_numpy()
        columns = {
            name: rows[name].to_numpy() for name in rows.column_names if "." in name
        }
        columns |= _fields(rows)
        columns |= {name: own[targets] for name, own in self._fields.items()}
        columns["history_length"] = lengths
        # How often each item is in each history [R, n_items + 1].
        items = history.flatten().to_numpy()
        ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        ones = np.ones(len(items), np.float32)
        counts = csr_array((ones, items, ends), shape=(len(rows), self._n_items + 1))
        for modality, components in self._components.items():
            known = counts @ (~np.isnan(components[:, 0])).astype(np.float32)
            with np.errstate(invalid="ignore"):  # no vector in the history: 0 / 0
                means = (counts @ np.nan_to_num(components)) / known[:, None]
            for place in range(components.shape[1]):
                columns[f"{modality}_{place + 1}"] = components[targets, place]
                columns[f"history_{modality}_{place + 1}"] = means[:, place]
        return columns


def field_categories(*tables: pa.Table) -> list[str]:
    """Columns of fields whose numbers are codes in no order."""
    return [
        column.name
        for table in tables
        for column in table.schema
        if column.name.startswith(CODES)
        and column.metadata[b"kind"] in (b"category", b"id")
    ]


def _fields(table: pa.Table) -> dict[str, np.ndarray]:
    """Fields ``[R]`` float32: numbers, levels, how many tags, the code of others."""
    found = {}
    for column in table.schema:
        if column.name.startswith(CODES):
            values = table[column.name]
            if column.metadata[b"kind"] == b"number":
                values = table[VALUES + column.name.removeprefix(CODES)]
            elif pa.types.is_list(column.type):
                values = pc.list_value_length(values)
            numbers = values.to_numpy().astype(np.float32)
            if column.metadata[b"kind"] == b"level":
                numbers = np.where(numbers < FIRST, np.nan, numbers - FIRST)
            found[column.name] = numbers
    return found


def _components(
    vectors: np.ndarray, seen: np.ndarray, params: ContinuousParams
) -> np.ndarray:
    """``[n_items + 1, w]`` float32; NaN for an item without a vector."""
    found = Projection.fit(vectors, seen, params).transform(vectors, params)
    found[~found.any(axis=1)] = np.nan
    return found
