"""A name for a training, made of all that its result depends on."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

import mmctr
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams

_DIGITS = 20
_PACKAGE = Path(mmctr.__file__).parent
# Code that a step or a validation runs through.
_CODE = ("ctr", "evaluation", "runtime/jagged.py", "runtime/linear.py")


def training_key(
    model: Din,
    train: ClickLog,
    valid: ClickLog,
    valid_groups: np.ndarray,
    params: CtrParams,
) -> str:
    """Hash what goes into a training, by content.

    Not the device: a GPU rounds otherwise, and may take over what a CPU began.

    Args:
        model: As it starts. Its weights and buffers hold all that it knows of items.
        train: Rows.
        valid: Rows.
        valid_groups: ``[valid rows]``.
        params: Features, sizes, training.

    Returns:
        Hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(_settings(params), sort_keys=True).encode())
    for name, array in _arrays(model, train, valid, valid_groups):
        digest.update(f"\n{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    for path in _code():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGITS]


def _settings(params: CtrParams) -> dict[str, Any]:
    return {
        "features": params.features.model_dump(),
        "model": params.model.model_dump(),
        "training": params.training.model_dump(exclude={"keep_memory"}),
        "seed": params.seed,
        "versions": [mmctr.__version__, torch.__version__, pl.__version__],
    }


def _arrays(
    model: Din, train: ClickLog, valid: ClickLog, valid_groups: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    tensors = [*model.named_parameters(), *model.named_buffers()]
    yield from ((name, tensor.detach().numpy()) for name, tensor in tensors)
    for part, log in (("train", train), ("valid", valid)):
        yield from ((f"{part}.{name}", array) for name, array in vars(log).items())
    yield "valid.groups", valid_groups


def _code() -> list[Path]:
    places = [_PACKAGE / name for name in _CODE]
    files = [path for x in places for path in ([x] if x.is_file() else x.rglob("*.py"))]
    return sorted(files)
