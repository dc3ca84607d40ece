"""Trainings by the workers of a cluster, each of which has a part of every batch."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mmctr.ctr.training.fit import train_ctr_model
from mmctr.ctr.training.trained_model import TrainedModel
from mmctr.runtime.scale.cluster import Cluster, cluster_nodes
from mmctr.runtime.scale.group import run_in_group
from mmctr.runtime.scale.params import ScaleParams

logger = logging.getLogger(__name__)

Train = Callable[..., TrainedModel]
"""As :func:`mmctr.ctr.training.fit.train_ctr_model`."""


def training_by(
    cluster: Cluster | None, scale: ScaleParams, folder: Path | None
) -> tuple[Train, Path | None]:
    """What trains a model, and where its checkpoints are.

    Args:
        cluster: Connected; None: this process trains.
        scale: Has the storage of the cluster.
        folder: For checkpoints where the cluster has no storage.

    Raises:
        ValueError: If nodes have no folder in common.
    """
    if cluster is None:
        return train_ctr_model, folder
    kept = scale.checkpoints
    if kept is None and len(cluster_nodes()) > 1:
        raise ValueError(
            f"scale.storage={scale.storage}: expected a folder that all nodes of the "
            "cluster read and write, for the checkpoints of a training across nodes; "
            "mount one everywhere, and give it: --params scale.storage=/mnt/shared"
        )
    kept = kept or folder
    if kept is None:
        raise ValueError(
            "a training on a cluster needs a folder for its checkpoints: set "
            "ctr_modeling.checkpoint.folder or scale.storage"
        )
    return _OnCluster(cluster, kept.resolve()), kept.resolve()


@dataclass(frozen=True)
class _OnCluster:
    """Trains on all workers at once."""

    cluster: Cluster
    folder: Path

    def __call__(self, *data: Any, **options: Any) -> TrainedModel:
        logger.info(
            "training: %d workers on a cluster of %d nodes, each with a part of every "
            "batch; checkpoints are in %s",
            self.cluster.workers,
            len(cluster_nodes()),
            self.folder,
        )
        training = partial(train_ctr_model, *data, **options)
        return run_in_group("training", training, self.cluster, self.folder)
