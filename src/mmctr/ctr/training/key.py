"""Name a training by a hash of everything its result depends on."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from mmctr.ctr import RESULT_VERSION
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.models.base import CtrModel
from mmctr.ctr.params import CtrParams
from mmctr.runtime.extensions import source_hashes

_DIGITS = 20
# The names of statistics are in the model, and of fields in its settings.
_NO_ARRAYS = ("statistic_names", "fields", "facts")


def training_key(
    model: CtrModel,
    train: ClickLog,
    valid: ClickLog,
    valid_groups: np.ndarray,
    params: CtrParams,
    follow: Sequence[float] = (),
) -> str:
    """Hash what a training depends on, by content.

    The device is not part of it: a GPU may resume what a CPU began.

    Args:
        model: Before training. Its weights and buffers hold everything about items.
        train: Rows.
        valid: Rows.
        valid_groups: ``[valid rows]``.
        params: Features, sizes, training.
        follow: What the training follows, if it is a refit.

    Returns:
        Hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(_settings(params), sort_keys=True).encode())
    if follow:
        digest.update(json.dumps(list(follow)).encode())
    for name, array in _arrays(model, train, valid, valid_groups):
        digest.update(f"\n{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:_DIGITS]


def _settings(params: CtrParams) -> dict[str, Any]:
    return {
        # A model of one's own may change under its name.
        **source_hashes(params.model.name),
        "features": params.features.model_dump(),
        "model": params.model.model_dump(),
        "training": params.training.model_dump(
            exclude={"keep_memory", "refit", "seeds"}
        ),
        "weighted": params.evaluation.weighted,
        "seed": params.seed,
        "versions": [RESULT_VERSION, torch.__version__, pl.__version__],
    }


def _arrays(
    model: CtrModel, train: ClickLog, valid: ClickLog, valid_groups: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    tensors = [*model.named_parameters(), *model.named_buffers()]
    yield from ((name, tensor.detach().numpy()) for name, tensor in tensors)
    for part, log in (("train", train), ("valid", valid)):
        fields = {"fields": log.fields.codes, "values": log.fields.values}
        arrays = {x: each for x, each in vars(log).items() if x not in _NO_ARRAYS}
        yield from (
            (f"{part}.{name}", np.asarray(each))
            for name, each in [*arrays.items(), *fields.items()]
        )
    yield "negative_keep", np.asarray(train.facts.negative_keep)
    yield "valid.groups", valid_groups
