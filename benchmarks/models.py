"""Training steps of every model at the reference's shape, against padded twins."""

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.child import Measurement, measure, medians
from benchmarks.clock import Step, seconds_a_step
from benchmarks.world import Shape, click_log, item_table, reference_params
from mmctr.ctr.inputs.click_log import Batch, ClickLog
from mmctr.ctr.models import MODELS, model_class
from mmctr.ctr.models.interest_model import InterestModel
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.optimizer import clip_gradients
from mmctr.runtime.device import prepare_device

SEED = 20242025
BATCH = 384
LENGTH = 64
WARM_UP, STEPS, TWIN_STEPS = 8, 16, 2


class PaddedTwin(nn.Module):
    """A model's own weights on padded histories, every item embedded where it stands.

    Shapes: a batch of B rows -> logits ``[B]``.
    """

    def __init__(self, model: InterestModel) -> None:
        """Share the weights."""
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> torch.Tensor:
        """Score the targets, as FuxiCTR's layers would."""
        model, rows = self.model, len(batch.target)
        lengths = torch.bincount(batch.segment, minlength=rows)
        counted = torch.arange(LENGTH) >= LENGTH - lengths[:, None]
        history = torch.zeros(rows, LENGTH, dtype=torch.int64)
        history[counted] = batch.history
        items = torch.cat([history, batch.target[:, None]], dim=1)
        vectors = model.items(items.flatten()).whole().unflatten(0, (rows, -1))
        query, keys = vectors[:, -1], vectors[:, :-1]
        of_row = model.row_fields(batch.field_codes, batch.field_values)
        pooled = model.interest.padded(query, keys, counted)
        parts = [*of_row.few(), query, pooled, of_row.free]
        return model.head.padded(torch.cat(parts, dim=1))


def models_params(name: str) -> CtrParams:
    """The reference's sizes without dropout, which twins would draw otherwise."""
    params = reference_params(SEED, dropout=False)
    still = {"dropout": 0.0}
    model = params.model.model_copy(
        update={
            "name": name,
            **{
                part: getattr(params.model, part).model_copy(update=still)
                for part in ("mhta", "stca", "transformer", "quadratic")
            },
        }
    )
    return params.model_copy(update={"model": model})


def require_equal_logits(model: nn.Module, twin: nn.Module, batch: Batch) -> None:
    """Compare a model and its twin.

    Raises:
        ValueError: If their logits differ: the twin would be timed at something else.
    """
    with torch.no_grad():
        apart = float((model(batch) - twin(batch)).abs().max())
    if not apart < 1e-3:
        raise ValueError(f"the twin's logits are {apart:g} off, so no time is taken")


def time_model(
    name: str, *, batch_size: int = BATCH, shape: Shape | None = None
) -> Measurement:
    """One model's step and its twin's: gradients, clip and optimiser, no loader.

    In processor time, which other programs on the machine change least.
    """
    shape, params = shape or Shape(), models_params(name)
    prepare_device("cpu", keep_memory=True)
    table = item_table(shape, SEED)
    seen = np.ones(table.n_items + 1, bool)
    log = click_log(shape, batch_size * 4, SEED)
    fields = log.fields.specs
    model: InterestModel = model_class(name)(
        table, seen, params, row_fields=fields
    ).train()
    twin = PaddedTwin(model)
    require_equal_logits(model, twin, log[np.arange(min(64, batch_size))])
    own, padded = (
        seconds_a_step(
            _step(each, log, batch_size, params),
            warm_up=warm_up,
            steps=steps,
            now=time.process_time,
        )
        for each, warm_up, steps in ((model, WARM_UP, STEPS), (twin, 1, TWIN_STEPS))
    )
    return {
        "ms_a_step": own * 1e3,
        "padded_ms_a_step": padded * 1e3,
        "ratio": padded / own,
        "weights": float(sum(weight.numel() for weight in model.parameters())),
    }


def run(
    rounds: int, measure: Callable[..., Measurement] = measure
) -> dict[str, dict[str, float]]:
    """Time every model in turn, each in a fresh process; medians over rounds.

    Returns:
        By model; ``times_din`` is its step beside DIN's.
    """
    taken: dict[str, list[Measurement]] = {name: [] for name in MODELS}
    for place in range(rounds):
        for name, results in taken.items():
            sys.stderr.write(f"models: {name}, round {place + 1} of {rounds}\n")
            results.append(measure("models_step", {"name": name}))
    found = {name: medians(results) for name, results in taken.items()}
    of_din = found["din"]["ms_a_step"]
    return {
        name: {**each, "times_din": each["ms_a_step"] / of_din}
        for name, each in found.items()
    }


def _step(model: nn.Module, log: ClickLog, rows: int, params: CtrParams) -> Step:
    batches = _in_turn(log, rows)
    training = params.training
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training.learning_rate, weight_decay=0.0, fused=True
    )

    def step() -> torch.Tensor:
        batch = next(batches)
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(model(batch), batch.label)
        loss.backward()
        clip_gradients(model, training.clip_norm)
        optimizer.step()
        return loss.detach()

    return step


def _in_turn(log: ClickLog, rows: int) -> Iterator[Batch]:
    starts = range(0, len(log), rows)
    while True:
        yield from (log[np.arange(start, start + rows)] for start in starts)
