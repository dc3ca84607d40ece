"""What is kept of a training: the best weights and its history."""

import logging
from dataclasses import dataclass, field
from typing import Any

import pytorch_lightning as pl
import torch

from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.lightning_module import BestWeights, CtrLightningModule
from mmctr.runtime.checkpoint_files import CheckpointFolder
from mmctr.runtime.code_commit import code_commit

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedModel:
    """The best weights, and what every validation measured, ready for JSON."""

    weights: dict[str, torch.Tensor]
    history: dict[str, Any] = field(repr=False)


def collect_result(
    task: CtrLightningModule,
    trainer: pl.Trainer,
    params: CtrParams,
    device: torch.device,
) -> TrainedModel:
    """Collect the best weights of a finished training, and its history.

    Args:
        task: After training.
        trainer: Its trainer.
        params: Features, sizes, training.
        device: Where it was trained.

    Raises:
        ValueError: If no validation defined the monitor.
    """
    model, best, monitor = task.model, task.best, params.training.monitor
    if not best.weights:
        raise ValueError(
            f"training: {monitor} was undefined in every validation, so no weights are "
            "best; choose another ctr_modeling.training.monitor or other rows of valid"
        )
    kept = next(x for x in task.validations if x["step"] == best.step)
    if best.step == 0 and params.start_from is None:
        logger.warning(
            "no step made %s on valid better than train's click rate for every row, so "
            "that is the model: the rows have too few clicks, or their fields tell "
            "nothing of them",
            monitor,
        )
    return TrainedModel(
        best.weights,
        {
            "monitor": monitor,
            "best": kept[monitor],
            "best_step": kept["step"],
            "steps": trainer.global_step,
            "device": str(device),
            "commit": code_commit(),
            "features": model.items.names,
            "statistics": list(model.statistic_names),
            "content": model.content,
            "weights": sum(tensor.numel() for tensor in model.parameters()),
            "validations": task.validations,
        },
    )


def keep_best(best: BestWeights, monitor: str, folder: CheckpointFolder) -> str:
    """Save the best weights for inspection; returns the sentence that says where."""
    again = "The same run would end at the same step: change a parameter or the data"
    if not best.weights:
        return f"There was no validation before it, so no weights are kept. {again}"
    path = folder.write_best(best.weights)
    return (
        f"The best weights before it ({monitor} {best.score:.4f} on valid, at "
        f"step {best.step:,}) are kept in {path}. {again}"
    )
