"""A training step never asks a device for a value that the host must wait for."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from worlds import (
    N_ITEMS,
    click_log,
    ctr_params,
    random_table,
    whole_batch,
    with_vectors,
)

from mmctr.ctr.features.codes import CODE_ENTRIES
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.training.fit import CtrTask, ValidationRows

# Operations whose result, or its size, goes from the device to the host.
WAITING = ("_local_scalar_dense", "nonzero", "_unique", "unique_", "masked_select")


class Recorder(TorchDispatchMode):
    """Remembers the names of waiting operations, boolean indices among them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.__name__
        self.count += 1
        indices = args[1] if name.startswith("index") and len(args) > 1 else None
        masks = [
            index
            for index in (indices if isinstance(indices, list | tuple) else [])
            if isinstance(index, torch.Tensor) and index.dtype == torch.bool
        ]
        if masks or name.startswith(WAITING):
            self.seen.append(name)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("content", ["codes", "none", "codes+continuous+similarity"])
@pytest.mark.parametrize("code_entry", CODE_ENTRIES)
def test_a_step_holds_no_waiting_operation(code_entry, content):
    rng = np.random.default_rng(0)
    dropouts = dict.fromkeys(
        ("attention_dropout", "dnn_dropout", "item_id_dropout"), 0.2
    )
    params = ctr_params(
        features={"content": content}, model={"code_entry": code_entry, **dropouts}
    )
    model = Din(
        with_vectors(rng, random_table(rng)), np.ones(N_ITEMS + 1, bool), params
    )
    task = CtrTask(model, ValidationRows(np.zeros(1), np.zeros(1)), params)
    task.log = lambda *args, **kwargs: None
    batch = whole_batch(click_log(rng, 16))
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    with Recorder() as recorder:
        task.training_step(batch, 0).backward()
        task.configure_gradient_clipping(optimizer)
        optimizer.step()
    assert recorder.count > 50
    assert recorder.seen == []


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        torch.nonzero,
        lambda x: torch.unique(x, return_inverse=True),
    ],
)
def test_waiting_operations_are_noticed(wait):
    with Recorder() as recorder:
        wait(torch.arange(3))
    assert recorder.seen
