"""Items as the model was built on them, with those that were added later."""

from dataclasses import replace

import numpy as np
import torch

from mmctr.content.quantizers.reconstruction import reconstruct_from_codes
from mmctr.ctr.features.codes.prefix import number_prefixes
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.inputs.vocabulary import within_vocabulary
from mmctr.ctr.params import CtrParams
from mmctr.serving.bundle import Bundle

Weights = dict[str, torch.Tensor]


def fitted_items(
    bundle: Bundle, weights: Weights
) -> tuple[ItemTable, Weights, CtrParams]:
    """Fit items, weights and parameters to each other.

    What the model has no weights for, a code that no item of training had, say, is
    padding: the sizes of all layers stay those of training.

    Args:
        bundle: Its items, those behind ``facts.trained_items`` were added.
        weights: The model's own.

    Returns:
        What :class:`mmctr.ctr.prediction.ClickPredictor` is built of.
    """
    params = bundle.facts.ctr
    table = ItemTable.from_arrow(bundle.item_table, bundle.vectors)
    trained = bundle.facts.trained_items + 1
    if table.n_items + 1 == trained:
        return (*within_vocabulary(table, weights, params), params)
    if params.features.vectors == "decoded":
        # What codes stand for is decided by the items of training alone.
        table = replace(table, vectors=_decoded(table, trained))
        own = params.features.model_copy(update={"vectors": "own"})
        params = params.model_copy(update={"features": own})
    codes = {name: _known(own, trained) for name, own in table.codes.items()}
    if params.model.code_entry == "prefix":
        weights = dict(weights)
        for name, own in codes.items():
            codes[name] = _known_prefixes(own, trained, params)
            _extend_prefixes(weights, name, codes[name], params)
    table = replace(table, codes=codes)
    pad = params.model_copy(update={"unknown_values": "pad"})
    return (*within_vocabulary(table, weights, pad), params)


def _decoded(table: ItemTable, trained: int) -> dict[str, np.ndarray]:
    return {
        name: reconstruct_from_codes(own, table.codes[name], trained)
        if own.shape[1] and name in table.codes
        else own
        for name, own in table.vectors.items()
    }


def _known(codes: np.ndarray, trained: int) -> np.ndarray:
    """Codes within those of training."""
    largest = codes[:trained].max(initial=0)
    return np.where(codes > largest, 0, codes)


def _known_prefixes(codes: np.ndarray, trained: int, params: CtrParams) -> np.ndarray:
    """Codes that end, for the prefixes, where an added item's are no item's."""
    known = codes.copy()
    added = known[trained:]
    for level in range(min(params.model.prefix.levels, codes.shape[1])):
        prefixes = {tuple(x) for x in codes[:trained, : level + 1].tolist()}
        for row in added:
            if row[level] and tuple(row[: level + 1].tolist()) not in prefixes:
                row[level] = 0
    return known


def _extend_prefixes(
    weights: Weights, name: str, codes: np.ndarray, params: CtrParams
) -> None:
    """Give added items the rows of the prefixes that they share."""
    keys = [x for x in weights if x.endswith(f"items.features.{name}_codes.rows")]
    for key in keys:
        rows = weights[key]
        numbers, _ = number_prefixes(codes[:, : params.model.prefix.levels])
        added = torch.from_numpy(numbers[len(rows) :])
        used = torch.isin(added, rows.unique())
        weights[key] = torch.cat([rows, added * used])
