"""Fit a trained model to an item table with values that training did not have."""

import logging
from dataclasses import replace

import numpy as np
import torch

from mmctr.ctr.inputs.field_columns import FieldColumns
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.member_weights import join_members, split_members
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.field import CODES

logger = logging.getLogger(__name__)

Weights = dict[str, torch.Tensor]

_SIZES = "items.features.fields.vectors.sizes"
_IDS = "items.features.item_id.table.weight"
_ROWS_OF_IDS = "items.features.item_id.row_of_item"
_COUNTS = "items.features.item_id.counts"


def within_vocabulary(
    table: ItemTable, weights: Weights, params: CtrParams
) -> tuple[ItemTable, Weights]:
    """Make the item table and the weights fit each other.

    Unknown to the model are codes of fields that training did not have, tags of a
    challenge say, and items behind the last one of training.

    Args:
        table: The items to score.
        weights: A model's, which may have been trained on other items.
        params: ``unknown_values`` says how unknown values are handled.

    Returns:
        The table, with padding (0) in place of unknown codes; and the weights, with
        the out-of-vocabulary vector (padding, where there is none) for unknown items.

    Raises:
        ValueError: If there are such values and ``unknown_values`` is ``strict``; it
            names column, items and values.
    """
    found: list[str] = []
    members = [_fit_member(table, own, params, found) for own in split_members(weights)]
    found = list(dict.fromkeys(found))
    if found and params.unknown_values == "strict":
        raise ValueError(
            f"item_table: {'; '.join(found)}; train again (kedro run --pipeline "
            "ctr_modeling), or treat them as padding with --params "
            "ctr_modeling.unknown_values=pad"
        )
    for each in found:
        logger.warning("item_table: %s; they are treated as padding", each)
    # Members have the same vocabulary.
    return members[0][0], join_members([own for _, own in members])


def _fit_member(
    table: ItemTable, weights: Weights, params: CtrParams, found: list[str]
) -> tuple[ItemTable, Weights]:
    """Fit the weights of one training; what it does not know is added to ``found``."""
    if _SIZES in weights:
        table = replace(table, fields=_fields(table, weights[_SIZES], params, found))
    weights = dict(weights)
    if _IDS in weights:
        trained = len(weights[_ROWS_OF_IDS]) - 1
        if table.n_items > trained:
            found.append(
                f"column 'item_id' has items {trained + 1} to {table.n_items}, which "
                f"training did not have"
            )
            weights.update(_with_more_ids(weights, table.n_items, params))
    return table, weights


def _fields(
    table: ItemTable, sizes: torch.Tensor, params: CtrParams, found: list[str]
) -> FieldColumns:
    """The fields that the model reads, with codes below the sizes of training."""
    features = params.features
    fields = table.fields.select(features.fields, without=features.without)
    if len(sizes) != len(fields.specs):
        return fields  # other fields, as loading the weights will say
    codes, first = fields.codes.copy(), 0
    specs = []
    for spec, size in zip(fields.specs, sizes.tolist(), strict=True):
        own = slice(first, first + spec.width)
        codes[:, own] = _known(codes[:, own], size, CODES + spec.name, found)
        specs.append(spec._replace(size=size))
        first += spec.width
    return replace(fields, specs=tuple(specs), codes=codes)


def _known(column: np.ndarray, size: int, name: str, found: list[str]) -> np.ndarray:
    """The column with 0 for values outside ``0..size - 1``, described in ``found``."""
    unknown = (column < 0) | (column >= size)
    if not unknown.any():
        return column
    items = np.unique(np.nonzero(unknown)[0])
    values = np.unique(column[unknown])
    found.append(
        f"column '{name}' has {int(unknown.sum())} values that the model does not "
        f"know, first rows {items[:5].tolist()} (values {values[:5].tolist()})"
    )
    return np.where(unknown, 0, column)


def _with_more_ids(weights: Weights, n_items: int, params: CtrParams) -> Weights:
    """Id weights for more items; the last row is that of unknown items."""
    rows, vectors = weights[_ROWS_OF_IDS], weights[_IDS]
    extra = n_items - (len(rows) - 1)
    if _COUNTS in weights:
        counts = weights[_COUNTS]
        return {
            _ROWS_OF_IDS: torch.cat([rows, rows.new_full((extra,), len(vectors) - 1)]),
            _COUNTS: torch.cat([counts, counts.new_zeros(extra)]),
        }
    spare = vectors[-1:]
    last = n_items + 1
    rows = torch.where(rows == len(vectors) - 1, last, rows)
    # Without dropout of ids nothing has trained that vector: padding is zero.
    unknown = last if params.model.item_id_dropout > 0 else 0
    return {
        _ROWS_OF_IDS: torch.cat([rows, rows.new_full((extra,), unknown)]),
        _IDS: torch.cat([vectors[:-1], spare.expand(extra, -1), spare]),
    }
