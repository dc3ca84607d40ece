"""Training steps of the product and of its peer, loader included."""

from collections.abc import Iterator
from itertools import chain, repeat

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.clock import Step, StepClock
from benchmarks.peer import PaddedDin, padded_loader
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models import model_class
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.fit import train_ctr_model

LOSS_TOLERANCE = 1e-4
VISIBLE = 2000.0
"""Embeddings start at 1e-4; scaled by this, every term of a loss weighs something."""


def train_product(
    table: ItemTable,
    log: ClickLog,
    params: CtrParams,
    batch_size: int,
    *,
    warm_up: int,
    clock: StepClock | None = None,
) -> float:
    """Train on a log once with the product's own trainer, as ``kedro run`` does.

    Args:
        table: The items.
        log: Its rows are a multiple of the batch size.
        params: The model.
        batch_size: Rows a step.
        warm_up: Steps that are not counted.
        clock: What takes the time; None: a clock on the wall.

    Returns:
        Seconds a step, loader included.
    """
    clock = clock or StepClock()
    training = params.training.model_copy(
        update={"batch_size": batch_size, "max_epochs": 1, "validations_per_epoch": 1}
    )
    params = params.model_copy(update={"training": training})
    valid = _validation_rows(log)
    groups = np.zeros(len(valid), np.int64)
    train_ctr_model(table, log, valid, groups, params, callbacks=[clock])
    return clock.seconds_a_step(warm_up=warm_up)


def peer_step(
    table: ItemTable, log: ClickLog, params: CtrParams, batch_size: int
) -> tuple[PaddedDin, Step]:
    """The peer's step, as FuxiCTR trains: L2 in the loss, Adam as it stands."""
    training = params.training
    source = _din(table, log, params)
    model = PaddedDin(source, params).train()
    del source
    batches = _endless(padded_loader(table, log, batch_size, params.seed))
    optimizer = torch.optim.Adam(model.parameters(), lr=training.learning_rate)

    def step() -> torch.Tensor:
        batch = next(batches)
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy(model(batch).sigmoid(), batch.label)
        loss = loss + l2_penalty(model.embedding_tables(), training.embedding_l2)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip_norm)
        optimizer.step()
        return loss.detach()

    return model, step


def l2_penalty(tables: list[torch.nn.Parameter], strength: float) -> torch.Tensor:
    """``strength / 2 * ||E||^2`` over all tables."""
    return strength / 2 * torch.stack([(table**2).sum() for table in tables]).sum()


def require_equal_losses(
    table: ItemTable, log: ClickLog, params: CtrParams, rows: int
) -> tuple[float, float]:
    """Compare product and peer on the first ``rows`` of a log and the same weights.

    Args:
        table: The items.
        log: The rows.
        params: Without dropout, since two programs draw different masks.
        rows: Rows compared.

    Returns:
        Both losses, L2 included.

    Raises:
        ValueError: If they or their gradients' norms differ by more than 1e-4 of the
            product's: the peer would be timed at something else.
    """
    ours = _din(table, log, params).train()
    with torch.no_grad():
        for weights in ours.embedding_tables():
            weights.mul_(VISIBLE)
    theirs = PaddedDin(ours, params).train()
    loader = padded_loader(table, log, rows, params.seed)
    padded = loader.collate_fn([loader.dataset[row] for row in range(rows)])
    strength = params.training.embedding_l2
    pairs = []
    for model, batch in ((ours, log[np.arange(rows)]), (theirs, padded)):
        loss = functional.binary_cross_entropy_with_logits(model(batch), batch.label)
        loss = loss + l2_penalty(model.embedding_tables(), strength)
        loss.backward()
        gradients = [weights.grad for weights in model.parameters()]
        pairs.append((loss.item(), float(torch.nn.utils.get_total_norm(gradients))))
    for name, mine, other in zip(("loss", "gradient norm"), *pairs, strict=True):
        if not abs(mine - other) <= LOSS_TOLERANCE * abs(mine):
            raise ValueError(
                f"the peer's {name} is {other:.7g}, the product's {mine:.7g}: more "
                f"than {LOSS_TOLERANCE:g} apart, so no time is taken"
            )
    return pairs[0][0], pairs[1][0]


def flops_a_step(table: ItemTable, log: ClickLog, params: CtrParams) -> int:
    """Floating point operations of the matrix products of a step on a whole log.

    The optimiser, the clip and the L2 have none.
    """
    seen = np.ones(table.n_items + 1, bool)
    kind = model_class(params.model.name)
    model = kind(table, seen, params, row_fields=log.fields.specs).train()
    batch = log[np.arange(len(log))]
    with FlopCounterMode(display=False) as counter:
        loss = functional.binary_cross_entropy_with_logits(model(batch), batch.label)
        loss.backward()
    return counter.get_total_flops()


def _din(table: ItemTable, log: ClickLog, params: CtrParams) -> Din:
    """The model that training would build."""
    seen = np.ones(table.n_items + 1, bool)
    return Din(table, seen, params, row_fields=log.fields.specs)


def _validation_rows(log: ClickLog) -> ClickLog:
    """One row of each class: a trainer validates, and nothing here counts it."""
    rows = [int(np.flatnonzero(log.label == label)[0]) for label in (0, 1)]
    batch = log[np.array(rows)]
    offsets = np.searchsorted(batch.segment.numpy(), np.arange(len(rows) + 1))
    return ClickLog(
        target=batch.target.numpy(),
        history=batch.history.numpy().astype(np.int32),
        offsets=offsets,
        statistics=batch.statistics.numpy(),
        statistic_names=log.statistic_names,
        label=batch.label.numpy(),
        fields=log.fields.take(np.array(rows)),
    )


def _endless(loader: DataLoader) -> Iterator:
    return chain.from_iterable(repeat(loader))
