"""All fields of a data set as fitted on train: what encodes new data the same way."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from mmctr.data.fields.column_values import Column
from mmctr.data.fields.field import Field
from mmctr.data.fields.params import Side, UsedAs
from mmctr.runtime.params import Params


class ColumnUse(Params):
    """What becomes of a raw column."""

    column: str
    """Its name in the raw table."""
    side: Side
    """Whose column it is."""
    kind: UsedAs | None
    """As what it is used; null: it is not."""
    used: bool
    """Whether it is a field."""
    why: str
    """The reason, in words."""


class FieldState(Params):
    """The fields, ready for JSON."""

    fields: list[Field] = []
    """In the order of their columns."""

    def of(self, side: Side) -> list[Field]:
        """The fields of items, users or rows."""
        return [field for field in self.fields if field.side == side]

    def encode(self, side: Side, columns: Mapping[str, Column], rows: int) -> pa.Table:
        """Encode a table of one side, of train or new.

        Args:
            side: Whose fields.
            columns: Raw column -> values; a field whose column is not there is missing
                in every row.
            rows: Number of rows.

        Returns:
            Their columns, with what they are in the metadata of each; see
            :meth:`mmctr.data.fields.field.Field.encode`.
        """
        arrays: list[pa.Array] = []
        described: list[pa.Field] = []
        for field in self.of(side):
            column = columns.get(field.column)
            encoded = field.encode(pa.nulls(rows) if column is None else column)
            for name, array in encoded.items():
                arrays.append(array)
                described.append(pa.field(name, array.type, metadata=_facts(field)))
        if not arrays:
            return pa.table({"": pa.nulls(rows)}).select([])
        return pa.Table.from_arrays(arrays, schema=pa.schema(described))


def _facts(field: Field) -> dict[str, Any]:
    return {
        "side": field.side,
        "kind": field.kind,
        "size": str(field.size),
        "known_only": str(field.known_only),
        "width": str(field.max_tags if field.kind == "tags" else 1),
    }
