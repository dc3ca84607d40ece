"""A second training over train and valid, as long as valid made the first."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.member_weights import Weights, join_members, split_members
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.on_cluster import Train
from mmctr.ctr.training.trained_model import TrainedModel

logger = logging.getLogger(__name__)

_SELECTED = "selected."


def refit(
    table: ItemTable,
    rows: ClickLog,
    valid: ClickLog,
    valid_groups: np.ndarray,
    params: CtrParams,
    trained: TrainedModel,
    checkpoints: Path | None = None,
    train_one: Train = train_ctr_model,
) -> TrainedModel:
    """Train each seed again, with the passes and rates of its first training.

    Args:
        table: The items.
        rows: Of train and valid.
        valid: Labelled rows; they decide nothing here.
        valid_groups: ``[valid rows]`` int64 groups.
        params: Features, sizes, training.
        trained: From :func:`mmctr.ctr.training.seeds.train_seeds`.
        checkpoints: Folder for the checkpoints of unfinished trainings.
        train_one: Makes a training.

    Returns:
        The weights, joined as those of the first; and a history with ``refit``: the
        ``rows`` and, by seed, the ``steps``. A seed whose best step was the start, so
        that no training was better, keeps its weights, with 0 steps.

    Raises:
        ValueError: If a training diverges.
        mmctr.runtime.signals.Stopped: On SIGTERM or Ctrl-C, after a checkpoint.
    """
    history = trained.history
    members, steps = [], []
    for number, (weights, first) in enumerate(
        zip(
            split_members(trained.weights), history.get("seeds", [history]), strict=True
        )
    ):
        follow = _followed(first, params.training.monitor)
        if not follow:
            members.append(weights)
            steps.append(0)
            continue
        seed = params.seed + number
        logger.info("refit on train and valid, seed %d", seed)
        again = train_one(
            table,
            rows,
            valid,
            valid_groups,
            params.model_copy(update={"seed": seed}),
            follow=follow,
            checkpoints=checkpoints,
        )
        members.append(again.weights)
        steps.append(again.history["steps"])
    facts = {"rows": len(rows), "steps": steps}
    return TrainedModel(join_members(members), history | {"refit": facts})


def _followed(history: Mapping[str, Any], monitor: str) -> list[float]:
    """The monitor at each validation up to the best, the start left out."""
    return [
        entry[monitor]
        for entry in history["validations"]
        if 0 < entry["step"] <= history["best_step"]
    ]


def with_selected(weights: Weights, selected: Weights) -> Weights:
    """Put the weights that valid chose beside refitted ones.

    Args:
        weights: Of :func:`refit`.
        selected: Of the first training, and what calibrates them on valid.

    Returns:
        Refitted weights and the calibrations, and the others under names such as
        ``selected.interest.0.weight``; no two share memory, which files can't hold.
    """
    beside = {f"{_SELECTED}{name}": selected[name].clone() for name in weights}
    return selected | weights | beside


def selected_weights(weights: Weights) -> Weights:
    """The weights that have not seen valid, with the calibrations."""
    own = {
        name.removeprefix(_SELECTED): tensor
        for name, tensor in weights.items()
        if name.startswith(_SELECTED)
    }
    return final_weights(weights) | own


def final_weights(weights: Weights) -> Weights:
    """The weights of the model, without those beside refitted ones."""
    return {
        name: tensor
        for name, tensor in weights.items()
        if not name.startswith(_SELECTED)
    }
