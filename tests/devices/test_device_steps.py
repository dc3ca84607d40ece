"""Steps, validation and prediction on a device, without one: the emulated ``emu:0``."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torchgen
from emulated_device import CPU, DEVICE, Emulation
from torchgen.gen import parse_native_yaml
from torchgen.model import DispatchKey
from worlds import (
    N_ITEMS,
    ctr_params,
    log_with_statistics,
    random_table,
    whole_batch,
    with_vectors,
)

from mmctr.ctr import prediction
from mmctr.ctr.features.codes import CODE_EMBEDDINGS
from mmctr.ctr.features.content import CONTENT_FORMS
from mmctr.ctr.features.row_statistics import StatisticScales
from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.layers.batch_norm import PlainBatchNorm
from mmctr.ctr.layers.dropout import StepDropout
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.lightning_module import CtrLightningModule, ValidationRows
from mmctr.ctr.training.weight_average import NormBatches

DROPOUTS = dict.fromkeys(("attention_dropout", "dnn_dropout", "item_id_dropout"), 0.2)
TRAINING = {
    "embedding_l2": 0.02,
    "clip_norm": 0.05,
    "learning_rate": 0.01,
    "predict_batch_size": 8,
}
# Row statistics, and all that changes a step or a validation.
OPTIONS = {
    "weight_average": 0.9,
    "weight_decay": 0.5,
    "label_smoothing": 0.1,
    "warmup_steps": 10,
    "embedding_learning_rate": 0.02,
}
KINDS = ["lexical", "popularity"]
CASES = [
    *(("+".join(CONTENT_FORMS), entry, False) for entry in CODE_EMBEDDINGS),
    *((content, "positional", False) for content in ("none", *CONTENT_FORMS)),
    ("+".join(CONTENT_FORMS), "positional", True),
]


@pytest.fixture(autouse=True)
def _same_normalisation(monkeypatch):
    """Devices have torch's kernel; the CPU that they are compared with has it here."""
    monkeypatch.setattr(PlainBatchNorm, "forward", torch.nn.BatchNorm1d.forward)


@dataclass
class World:
    """A model with its rows."""

    model: Din
    params: CtrParams
    batch: Batch
    log: Any
    table: Any


@pytest.fixture(
    params=CASES,
    ids=lambda case: f"{case[0]}-{case[1]}{'-options' if case[2] else ''}",
)
def world(request: pytest.FixtureRequest) -> World:
    """Every content form and every code entry, with dropout and row levels."""
    content, entry, has_options = request.param
    rng = np.random.default_rng(0)
    kinds = KINDS if has_options else []
    params = ctr_params(
        features={"content": content, "statistics": kinds},
        model={"code_entry": entry, **DROPOUTS},
        training={**TRAINING, **(OPTIONS if has_options else {})},
    )
    table = with_vectors(rng, random_table(rng))
    log = log_with_statistics(rng, 32, kinds, levels=True)
    scales = StatisticScales.fit(log.statistic_names, log.statistics, 0)
    seen = np.ones(N_ITEMS + 1, bool)
    model = Din(table, seen, params, scales, log.fields.specs)
    return World(model, params, whole_batch(log), log, table)


@pytest.fixture
def host_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropout masks of the CPU on the device, which draws others."""
    draw = StepDropout.draw_kept
    monkeypatch.setattr(
        StepDropout,
        "draw_kept",
        lambda self, shape, device: draw(self, shape, CPU).to(device),
    )


@pytest.fixture
def device_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks drawn on the device, by a generator that Python cannot register for it."""
    generator = torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda device: generator())


def on_device(batch: Batch) -> Batch:
    """A batch moved to ``emu:0``."""
    return Batch(*(tensor.to(DEVICE) for tensor in batch))


def task_of(world: World) -> tuple[CtrLightningModule, torch.optim.Optimizer]:
    """The Lightning module as a trainer has it at step 3, and its optimizer."""
    rows = ValidationRows(world.log.label, np.arange(len(world.log)) // 4)
    batches = NormBatches(world.log, 8, 0)
    task = CtrLightningModule(world.model, rows, world.params, batches)
    optimizer = task.configure_optimizers()["optimizer"]
    task._trainer = SimpleNamespace(global_step=3, optimizers=[optimizer])
    task.log_dict = lambda values: None
    return task, optimizer


def step(
    task: CtrLightningModule, optimizer: torch.optim.Optimizer, batch: Batch
) -> torch.Tensor:
    """One training step as Lightning takes it; gives the loss."""
    task.train()
    task.on_train_batch_start(batch, 0)

    def closure() -> torch.Tensor:
        loss = task.training_step(batch, 0)
        loss.backward()
        task.configure_gradient_clipping(optimizer)
        losses.append(loss.detach())
        return loss

    losses: list[torch.Tensor] = []
    task.optimizer_step(0, 0, optimizer, closure)
    return losses[0]


def validate(task: CtrLightningModule, batches: list[Batch]) -> dict[str, Any]:
    """One validation as Lightning runs it; gives what it measured."""
    task.eval()
    with torch.no_grad():
        task.on_validation_start()
        task.on_validation_epoch_start()
        for number, batch in enumerate(batches):
            task.validation_step(batch, number)
        task.on_validation_epoch_end()
        task.restore_trained_weights()
    return task.validations[-1]


def test_a_step_equals_the_cpus(world, host_masks):
    """Dropout, L2, clip and fused Adam included; a pass of validation after it."""
    state = {name: each.clone() for name, each in world.model.state_dict().items()}
    task, optimizer = task_of(world)
    expected_loss = step(task, optimizer, world.batch)
    expected = {name: each.clone() for name, each in world.model.state_dict().items()}
    batches = [world.log[np.arange(place, place + 8)] for place in range(0, 32, 8)]
    measured = validate(task, batches)
    world.model.load_state_dict(state)
    with Emulation():
        world.model.to(DEVICE)
        task, optimizer = task_of(world)
        assert optimizer.defaults["fused"]
        loss = step(task, optimizer, on_device(world.batch)).cpu()
        found = validate(task, [on_device(x) for x in batches])
        weights = {name: x.cpu() for name, x in world.model.state_dict().items()}
    assert torch.equal(loss, expected_loss)
    assert found == pytest.approx(measured, rel=1e-6)
    # The norm of the clip is summed in another order there.
    torch.testing.assert_close(weights, expected, rtol=1e-6, atol=2e-6)


def test_a_step_never_waits_and_a_validation_once(world, device_masks):
    """And every operation has a kernel on CUDA and on MPS."""
    with Emulation() as emulation:
        world.model.to(DEVICE)
        batch = on_device(world.batch)
        task, optimizer = task_of(world)
        step(task, optimizer, batch)
        assert emulation.ops.total() > 50
        assert not emulation.waits
        validate(task, [batch])
        assert emulation.waits == {"copy to cpu": 1}
    assert not without_kernels(set(emulation.ops))


def test_prediction_waits_once_and_equals_the_cpus(world, monkeypatch):
    """A copy of all scores at the end of a pass of four batches."""
    weights = world.model.state_dict()
    expected = predict_clicks(world.table, weights, world.log, world.params)
    monkeypatch.setattr(prediction, "prepare_device", lambda *_, **__: DEVICE)
    # Tensors of Python subclasses can't be inference tensors.
    monkeypatch.setattr(torch, "inference_mode", torch.no_grad)
    with Emulation() as emulation:
        found = predict_clicks(world.table, weights, world.log, world.params)
    assert emulation.waits == {"copy to cpu": 1}
    assert not without_kernels(set(emulation.ops))
    np.testing.assert_array_equal(found, expected)


def without_kernels(names: set[str]) -> set[str]:
    """Operations without a kernel on CUDA or MPS, by torch's own list."""
    folder = Path(torchgen.__file__).parent / "packaged" / "ATen" / "native"
    parsed = parse_native_yaml(
        str(folder / "native_functions.yaml"), str(folder / "tags.yaml")
    )
    functions = {f"aten::{each.func.name}": each for each in parsed.native_functions}
    indices = parsed.backend_indices

    def runs(name: str, key: DispatchKey) -> bool:
        delegate = functions[name].structured_delegate
        function = functions[f"aten::{delegate or functions[name].func.name}"]
        return function.has_composite_kernel or indices[key].has_kernel(function)

    keys = (DispatchKey.CUDA, DispatchKey.MPS)
    return {name for name in names if not all(runs(name, key) for key in keys)}


def test_missing_kernels_are_found():
    """MPS has no segment_reduce, and everything can be added."""
    names = {"aten::segment_reduce", "aten::add.Tensor", "aten::flatten.using_ints"}
    assert without_kernels(names) == {"aten::segment_reduce"}


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        torch.nonzero,
        lambda x: torch.unique(x, return_inverse=True),
        lambda x: x.cpu(),
        lambda x: torch.zeros(3, dtype=torch.int64).copy_(x),
    ],
)
def test_waits_of_the_host_are_counted(wait):
    """The emulation's own test."""
    with Emulation() as emulation:
        wait(torch.arange(3).to(DEVICE))
    assert emulation.waits


def test_float64_and_tensors_of_two_devices_are_refused():
    """The emulation's own test."""
    with Emulation():
        ours = torch.ones(3).to(DEVICE)
        with pytest.raises(TypeError, match="no float64"):
            ours.double()
        with pytest.raises(RuntimeError, match="on emu:0 and cpu"):
            ours + torch.ones(3)
