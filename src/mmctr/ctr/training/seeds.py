"""Several trainings with other seeds, as one model: the mean of their logits."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.member_weights import join_members
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.going_on import Parent
from mmctr.ctr.training.on_cluster import Train
from mmctr.ctr.training.trained_model import TrainedModel
from mmctr.evaluation import auc, gauc, logloss

logger = logging.getLogger(__name__)


def train_seeds(
    table: ItemTable,
    train: ClickLog,
    valid: ClickLog,
    valid_groups: np.ndarray,
    params: CtrParams,
    checkpoints: Path | None = None,
    parents: Sequence[Parent] = (),
    train_one: Train = train_ctr_model,
) -> TrainedModel:
    """Train ``training.seeds`` models, one after the other.

    Args:
        table: The items.
        train: Labelled rows.
        valid: Labelled rows.
        valid_groups: ``[valid rows]`` int64 groups, for gAUC.
        params: Features, sizes, training; the seeds are ``seed``, ``seed`` + 1, ...
        checkpoints: Folder for the checkpoints of unfinished trainings; each has one of
            its own in it, so that what was interrupted resumes where it stopped.
        parents: Models to go on from, one per training; none: from scratch.
        train_one: Makes a training.

    Returns:
        The weights of all, see :func:`mmctr.ctr.member_weights.join_members`; and the
        history of the first, with ``seeds``, what each of them reached, if there are
        several; :func:`with_mean` adds what their mean reached.

    Raises:
        ValueError: If labels are missing or of one class, or a training diverges.
        mmctr.runtime.signals.Stopped: On SIGTERM or Ctrl-C, after a checkpoint.
    """
    count = params.training.seeds
    trained = []
    for number in range(count):
        seed = params.seed + number
        if count > 1:
            logger.info("training %d of %d, seed %d", number + 1, count, seed)
        trained.append(
            train_one(
                table,
                train,
                valid,
                valid_groups,
                params.model_copy(update={"seed": seed}),
                parent=parents[number] if parents else None,
                checkpoints=checkpoints,
            )
        )
    history: dict[str, Any] = trained[0].history
    if count > 1:
        history = history | {
            "weights": sum(each.history["weights"] for each in trained),
            "seeds": [
                {"seed": params.seed + number, **_reached(each.history)}
                for number, each in enumerate(trained)
            ],
        }
    return TrainedModel(join_members([each.weights for each in trained]), history)


def with_mean(
    history: dict[str, Any],
    probabilities: np.ndarray,
    valid: ClickLog,
    valid_groups: np.ndarray,
    params: CtrParams,
) -> dict[str, Any]:
    """Add what the mean of several trainings reached on valid, as ``mean_logit``.

    Args:
        history: From :func:`train_seeds`; that of a single training stays as it is.
        probabilities: ``[valid rows]``, of the weights of all.
        valid: Labelled rows.
        valid_groups: ``[valid rows]`` int64 groups.
        params: Whether metrics are weighted.

    Returns:
        The history.
    """
    if "seeds" not in history:
        return history
    weights = valid.weight.astype(np.float64) if params.evaluation.weighted else None
    reached = {
        "auc": auc(valid.label, probabilities, weights),
        "gauc": gauc(valid.label, probabilities, valid_groups, weights),
        "logloss": logloss(valid.label, probabilities, weights),
    }
    return history | {"mean_logit": reached}


def _reached(history: dict[str, Any]) -> dict[str, Any]:
    """Steps, validations and the metrics on valid of the weights that are kept."""
    kept = next(x for x in history["validations"] if x["step"] == history["best_step"])
    return {
        **{name: kept[name] for name in ("auc", "gauc", "logloss")},
        **{name: history[name] for name in ("best_step", "steps", "validations")},
    }
