"""The rows of a batch that one of several processes takes."""

from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from mmctr.ctr.inputs.click_log import Batch, ClickLog
from mmctr.runtime.jagged import take_ranges
from mmctr.runtime.ranks import Ranks


class Span(NamedTuple):
    """Neighbours among numbered things.

    Attributes:
        start: Number of the first.
        count: How many.
        total: Of all things.
    """

    start: int
    count: int
    total: int


class Part(NamedTuple):
    """Where a process's rows, positions and items are in the whole batch.

    Attributes:
        rows: Its rows.
        positions: Those of its histories.
        items: ``[U]`` int64, the place of each of its distinct items among those of the
            whole batch; ``[0]``: not known.
        n_items: Distinct items of the whole batch.
    """

    rows: Span
    positions: Span
    items: torch.Tensor
    n_items: int


class PartialBatch(NamedTuple):
    """A process's rows, and what the loss needs of all rows of the batch.

    Attributes:
        own: Its rows.
        part: Where they are in the whole batch.
        label: ``[B]`` float32, of all.
        weight: ``[B]`` or ``[0]`` float32, of all; see :class:`Batch`.
        group: ``[B]`` or ``[0]`` int64, of all; see :class:`Batch`.
    """

    own: Batch
    part: Part
    label: torch.Tensor
    weight: torch.Tensor
    group: torch.Tensor


class PartialLog(Dataset[PartialBatch]):
    """A log of whole batches, of which each process reads its own rows."""

    def __init__(self, log: ClickLog, ranks: Ranks, *, finds_items: bool) -> None:
        """Store the log.

        Args:
            log: The rows.
            ranks: The processes.
            finds_items: Whether the items of the whole batch are needed: each process
                then reads all its histories.
        """
        self._log = log
        self._ranks = ranks
        self._finds_items = finds_items

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._log)

    def __getitem__(self, rows: np.ndarray) -> PartialBatch:
        """Take the own rows of a batch ``[B]`` int64."""
        log, own = self._log, self._ranks.own(len(rows))
        batch = log[rows[own]]
        starts, ends = log.offsets[rows], log.offsets[rows + 1]
        before = int((ends - starts)[: own.start].sum())
        places, n_items = torch.zeros(0, dtype=torch.long), 0
        if self._finds_items:
            history, _ = take_ranges(log.history, starts, ends)
            # Sorting is torch's: NumPy's takes several times as long.
            found = torch.from_numpy(np.concatenate([log.target[rows], history]))
            everything = torch.unique(found)
            places = torch.searchsorted(everything, batch.items)
            n_items = len(everything)
        group = log.groups
        if len(group):
            group = np.unique(group[rows], return_inverse=True)[1]
        return PartialBatch(
            own=batch,
            part=Part(
                rows=Span(own.start, own.stop - own.start, len(rows)),
                positions=Span(before, len(batch.history), int((ends - starts).sum())),
                items=places,
                n_items=n_items,
            ),
            label=torch.from_numpy(log.label[rows]),
            weight=torch.from_numpy(
                log.weight[rows] if len(log.weight) else log.weight
            ),
            group=torch.from_numpy(group),
        )
