"""Training one model in several processes: the same function as in one.

Each process takes its rows of the same batch and backpropagates the loss of all; the
mean of the gradients over the processes is then that of one process.
"""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins import ClusterEnvironment
from pytorch_lightning.strategies import DDPStrategy
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.utils.data import Dataset

from mmctr.ctr.inputs.batch_part import PartialLog
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.layers.batch_norm import PlainBatchNorm
from mmctr.ctr.layers.dropout import dropout_layers
from mmctr.runtime.checkpoint_files import CheckpointFolder
from mmctr.runtime.ranks import Ranks

Found = tuple[Path, dict[str, Any]]


def share_batches(model: nn.Module, ranks: Ranks, name: str) -> None:
    """Let a model's layers see the whole batch, though each process has a part of it.

    Args:
        model: Before training.
        ranks: The processes.
        name: Of the model, for messages.

    Raises:
        ValueError: If it has a layer whose result would depend on the parts.
    """
    if ranks.count == 1:
        return
    for path, module in model.named_modules():
        if isinstance(module, PlainBatchNorm):
            module.ranks = ranks
        elif isinstance(module, _BatchNorm | _DropoutNd):
            ours = "StepDropout" if isinstance(module, _DropoutNd) else "PlainBatchNorm"
            raise ValueError(
                f"ctr_modeling.model.name={name}: its layer {path} is a torch "
                f"{type(module).__name__}, which would make other results with several "
                f"workers than with one; use {ours} there, or set scale.workers=1"
            )
    if any(layer.drops and layer.axis == "blocks" for layer in dropout_layers(model)):
        raise ValueError(
            f"ctr_modeling.model.name={name}: its dropout of attention weights is "
            "drawn by blocks of sequences, and workers can't draw their parts; set "
            f"ctr_modeling.model.{name}.dropout=0, or scale.workers=1"
        )


def rows_of_rank(log: ClickLog, model: nn.Module, ranks: Ranks) -> Dataset[Any]:
    """The log, or for several processes that of each one's rows of every batch."""
    if ranks.count == 1:
        return log
    layers = dropout_layers(model)
    finds_items = any(layer.drops and layer.axis == "items" for layer in layers)
    return PartialLog(log, ranks, finds_items=finds_items)


def newest_for_all(folder: CheckpointFolder, ranks: Ranks) -> Found | None:
    """The newest intact checkpoint that the first process finds, on all of them."""
    found = folder.newest() if ranks.is_first else None
    path = ranks.of_first(found and str(found[0]))
    if path is None or found is not None:
        return found
    return Path(path), folder.read(Path(path))


def trainer_options(device: torch.device, ranks: Ranks) -> dict[str, Any]:
    """What Lightning's trainer needs to know of the processes, plugins apart."""
    options: dict[str, Any] = {"accelerator": device.type, "devices": 1}
    if ranks.count > 1:
        options |= {"strategy": _GroupStrategy(), "use_distributed_sampler": False}
    return options


class _GroupStrategy(DDPStrategy):
    """DDP in the process group that is there; all start from the same weights."""

    def __init__(self) -> None:
        super().__init__(
            cluster_environment=_Group(),
            # Running statistics are equal already; what describes items is large.
            broadcast_buffers=False,
            init_sync=False,
            gradient_as_bucket_view=True,
        )

    @property
    def root_device(self) -> torch.device:
        """The device that was chosen where the group was initialised."""
        if not isinstance(self.accelerator, pl.accelerators.CUDAAccelerator):
            return torch.device("cpu")
        return torch.device("cuda", torch.cuda.current_device())


class _Group(ClusterEnvironment):
    """The process group that whoever made the processes has initialised."""

    @property
    def creates_processes_externally(self) -> bool:
        return True

    @property
    def main_address(self) -> str:
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        return 0

    @staticmethod
    def detect() -> bool:
        return Ranks.current().count > 1

    def world_size(self) -> int:
        return Ranks.current().count

    def set_world_size(self, size: int) -> None:
        """It is given."""

    def global_rank(self) -> int:
        return Ranks.current().rank

    def set_global_rank(self, rank: int) -> None:
        """It is given."""

    def local_rank(self) -> int:
        return 0

    def node_rank(self) -> int:
        return Ranks.current().rank
