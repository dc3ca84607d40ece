"""Going on from an earlier model: its weights are taken over, its tables grow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mmctr.ctr.features.basic import ItemId
from mmctr.ctr.features.growing import Growing
from mmctr.ctr.features.row_statistics import StatisticScales
from mmctr.ctr.models.interest_model import EMPTY_HISTORY
from mmctr.ctr.params import CtrParams
from mmctr.runtime.unit_rows import normalize_rows

NEIGHBOURS = 10
"""Items whose ids a new item starts from."""

_ROWS = 1024


@dataclass(frozen=True)
class Parent:
    """A trained model that another training goes on from.

    Attributes:
        model: With its weights, on the CPU.
        items: ``[n_items + 1]`` int64, its number of each item; 0 for an item that it
            lacks, and for padding.
        in_train: ``[n_items + 1]`` bool, the items of the rows it was trained on.
    """

    model: nn.Module
    items: np.ndarray
    in_train: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """``[n_items + 1]`` how often it was trained on each item, at least 1 if ever.

        Known exactly where ids need more than one.
        """
        found = (x for x in self.model.modules() if isinstance(x, ItemId))
        ids = next(found, None)
        if ids is None or not ids.is_compact:
            return self.in_train.astype(np.int64)
        return np.where(self.items > 0, ids.counts.numpy()[self.items], 0)

    @property
    def statistics(self) -> StatisticScales:
        """The scales of the row statistics that it was trained with."""
        return StatisticScales.of_weights(self.model.state_dict())

    @property
    def has_empty_history(self) -> bool:
        """Whether it has a vector for a history without items."""
        return EMPTY_HISTORY in self.model.state_dict()


def going_on_params(params: CtrParams) -> CtrParams:
    """The parameters of a training that goes on: its own rates and passes."""
    training, going_on = params.training, params.going_on
    factor = going_on.learning_rate_factor
    rates = {
        name: getattr(training, name) * factor
        for name in ("learning_rate", "embedding_learning_rate")
        if getattr(training, name) is not None
    }
    rates |= {"max_epochs": going_on.max_epochs}
    return params.model_copy(update={"training": training.model_copy(update=rates)})


@torch.no_grad()
def take_over(
    model: nn.Module,
    parent: Parent,
    vectors: Mapping[str, np.ndarray],
    params: CtrParams,
) -> None:
    """Give a model the weights of its parent, and rows for what is new.

    Args:
        model: Just built, of the same features and sizes, for more items and values.
        parent: What it goes on from.
        vectors: Of the items by modality, ``[n_items + 1, d]``; new items start from
            those with similar ones.
        params: What new items start from.

    Raises:
        ValueError: If the models differ in more than the rows of their tables.
    """
    old, state = parent.model.state_dict(), model.state_dict()
    _require_same_names(old, state)
    items = torch.from_numpy(parent.items)
    grown = dict(_grown(model, parent.model, items))
    for name in state:
        if name in grown:
            state[name] = grown[name]
        elif name in old:
            if state[name].shape != old[name].shape:
                raise ValueError(
                    f"the model has {list(old[name].shape)} weights {name}, and this "
                    f"run {list(state[name].shape)}; give the same features and sizes"
                )
            state[name] = old[name]
    model.load_state_dict(state)
    if params.going_on.new_items == "neighbours":
        for module, earlier in _pairs(model, parent.model):
            if isinstance(module, ItemId):
                _start_from_neighbours(module, earlier, items, vectors)


def _grown(
    model: nn.Module, parent: nn.Module, items: torch.Tensor
) -> Iterator[tuple[str, torch.Tensor]]:
    """Tensors of the modules whose tables grow, by name."""
    for name, module in model.named_modules():
        if not isinstance(module, Growing):
            continue
        earlier = parent.get_submodule(name)
        own = module.state_dict()
        rows = module.rows_of(earlier, items)
        taken = earlier.table.weight[rows.clamp(min=0)]
        own["table.weight"] = torch.where(
            rows[:, None] >= 0, taken, module.table.weight
        )
        yield from ((f"{name}.{each}", tensor) for each, tensor in own.items())


def _pairs(model: nn.Module, parent: nn.Module) -> Iterator[tuple[nn.Module, ...]]:
    for name, module in model.named_modules():
        if name:
            yield module, parent.get_submodule(name)


def _require_same_names(old: Mapping[str, object], new: Mapping[str, object]) -> None:
    lacking = sorted(old.keys() - new.keys())
    more = sorted(new.keys() - old.keys() - {EMPTY_HISTORY})
    if lacking or more:
        raise ValueError(
            f"the model has other features or sizes than this run: only there "
            f"{', '.join(lacking[:3]) or 'none'}, only here "
            f"{', '.join(more[:3]) or 'none'}; give the same parameters"
        )


def _start_from_neighbours(
    ids: ItemId,
    earlier: ItemId,
    items: torch.Tensor,
    vectors: Mapping[str, np.ndarray],
) -> None:
    """Give new items with a vector the mean of the ids of similar items."""
    new = ids.new_items(earlier, items).numpy()
    known = (items > 0) & earlier.has_own_row(items)
    nearest = nearest_items(vectors, new, known.nonzero().squeeze(1).numpy())
    has_some = nearest.any(axis=1)
    places = torch.from_numpy(nearest[has_some])
    if len(places):
        means = ids.table.weight[ids.row_of_item[places]].mean(dim=1)
        started = torch.from_numpy(new[has_some])
        ids.table.weight[ids.row_of_item[started]] = means


def nearest_items(
    vectors: Mapping[str, np.ndarray], new: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Find the items with the most similar content.

    Args:
        vectors: By modality ``[n_items + 1, d]``; the mean of the cosines counts.
        new: ``[k]`` int64 items.
        known: ``[m]`` int64 items to choose from.

    Returns:
        ``[k, min(10, m)]`` int64 items; zeros for an item without any vector.
    """
    count = min(NEIGHBOURS, len(known))
    found = np.zeros((len(new), count), np.int64)
    unit = {name: _unit(own[known]) for name, own in vectors.items() if own.shape[1]}
    for start in range(0, len(new) if count and unit else 0, _ROWS):
        rows = new[start : start + _ROWS]
        queries = {name: _unit(vectors[name][rows]) for name in unit}
        cosines = sum(queries[name] @ own.T for name, own in unit.items())
        order = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        there = np.logical_or.reduce([x.any(axis=1) for x in queries.values()])
        found[start : start + _ROWS] = known[order] * there[:, None]
    return found


def _unit(rows: np.ndarray) -> np.ndarray:
    unit = np.array(rows, np.float32)
    normalize_rows(unit)
    return unit


def replayed_rows(
    is_new: np.ndarray, groups: np.ndarray, replay: float, seed: int
) -> np.ndarray:
    """Choose the rows that a training goes on with.

    Args:
        is_new: ``[rows]`` bool, later than those the parent was trained on.
        groups: ``[rows]`` int64, rows that are compared with each other.
        replay: Share of the groups of the others that are kept, as a whole.
        seed: Draws them.

    Returns:
        ``[k]`` int64 rows, in order.
    """
    distinct, place = np.unique(groups, return_inverse=True)
    drawn = np.random.default_rng(seed).random(len(distinct)) < replay
    return np.flatnonzero(is_new | drawn[place])
