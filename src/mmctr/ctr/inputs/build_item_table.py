"""Items and their codes become the item table of the CTR model."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from mmctr.data.columns import lists_of_rows
from mmctr.data.fields.field import CODES, VALUES


def build_item_table(items: pa.Table, codes: Mapping[str, np.ndarray]) -> pa.Table:
    """Collect the categorical features of the CTR model, padding as row 0.

    Args:
        items: A table by its contract: ``item_id`` int64 1..n in order, and columns of
            fields.
        codes: By modality ``[n, positions]`` int32 from 1; ``[n, 0]`` where there are
            no vectors.

    Returns:
        n + 1 rows; row i is item i: ``item_id`` int32, ``NAME_codes`` list<int32> per
        modality, and the columns of the items' fields.
        In every column 0 stands for padding and nothing else; in row 0 all is 0, and
        lists of tags are empty.

    Raises:
        ValueError: If there is not one row of codes per item, or a code is below 1.
    """
    count = items.num_rows
    table = pa.table(
        {
            "item_id": np.arange(count + 1, dtype=np.int32),
            **{
                f"{name}_codes": _padded_codes(own, count, f"{name}_codes")
                for name, own in codes.items()
            },
        }
    )
    for place, column in enumerate(items.schema):
        if column.name.startswith((CODES, VALUES)):
            table = table.append_column(column, _padded_field(items[place]))
    return table


def _padded_field(column: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks()
    padding = [] if pa.types.is_list(values.type) else 0
    return pa.concat_arrays([pa.array([padding], values.type), values])


def _padded_codes(codes: np.ndarray, count: int, name: str) -> pa.ListArray:
    if codes.ndim != 2 or len(codes) != count:
        raise ValueError(
            f"{name} has shape {list(codes.shape)} for {count} items; expected one row "
            "per item, run the quantization pipeline again"
        )
    bad = np.flatnonzero((codes < 1).any(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} holds codes under 1 in row {bad[0]}; 0 is padding and nothing else"
        )
    padding = np.zeros((1, codes.shape[1]), dtype=np.int32)
    return lists_of_rows(np.concatenate([padding, codes], dtype=np.int32))
