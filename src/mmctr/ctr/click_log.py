"""A click log in memory, cut into batches without any work a row."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import Dataset, Sampler

from mmctr.jagged import keep_last, take_ranges


class Batch(NamedTuple):
    """Some rows of a click log; histories are jagged, without padding.

    Attributes:
        target: ``[B]`` int64 items.
        history: ``[T]`` int64 items, oldest first, row after row.
        segment: ``[T]`` int64, the row of the batch that each position belongs to.
        row_levels: ``[B, 2]`` int64, likes and views level of the row, 0..10.
        label: ``[B]`` float32; NaN where unlabelled.
        items: ``[U]`` int64, the distinct items of the targets and histories, sorted.
        places: ``[B + T]`` int64, the row of ``items`` of each target, then of each
            history position.
    """

    target: torch.Tensor
    history: torch.Tensor
    segment: torch.Tensor
    row_levels: torch.Tensor
    label: torch.Tensor
    items: torch.Tensor
    places: torch.Tensor

    @classmethod
    def of(
        cls,
        *,
        target: torch.Tensor,
        history: torch.Tensor,
        segment: torch.Tensor,
        row_levels: torch.Tensor,
        label: torch.Tensor,
    ) -> "Batch":
        """Put a batch together on the CPU.

        The distinct items are looked for here and not by the model: how many there are
        is not known before, so a GPU would have to wait for the answer in every step.
        """
        items, places = torch.unique(torch.cat([target, history]), return_inverse=True)
        return cls(target, history, segment, row_levels, label, items, places)


@dataclass(frozen=True)
class ClickLog(Dataset[Batch]):
    """Contiguous arrays of a whole part; indexing with an array of rows gives a batch.

    Attributes:
        target: ``[rows]`` int64.
        history: ``[positions]`` int32.
        offsets: ``[rows + 1]`` int64.
        row_levels: ``[rows, 2]`` int64.
        label: ``[rows]`` float32; NaN where unlabelled.
    """

    target: np.ndarray
    history: np.ndarray
    offsets: np.ndarray
    row_levels: np.ndarray
    label: np.ndarray

    @classmethod
    def from_arrow(
        cls,
        table: pa.Table,
        max_history: int,
        n_items: int,
        *,
        unknown_targets: bool = False,
    ) -> "ClickLog":
        """Read a primary table.

        Args:
            table: ``train``, ``valid`` or ``test``.
            max_history: Positions kept a row, the newest.
            n_items: Items of the item table.
            unknown_targets: Whether a target may be 0, an item that the item table
                lacks; it has the features of padding, none.

        Raises:
            ValueError: If an item is not in 1..n_items; it names column and first rows.
        """
        lists = table["item_seq"].combine_chunks()
        target = table["item_id"].to_numpy().astype(np.int64)
        offsets = lists.offsets.to_numpy().astype(np.int64)
        values = lists.values.to_numpy()
        known = target[target != 0] if unknown_targets else target
        _require_items(known, n_items, "item_id")
        _require_items(values[offsets[0] : offsets[-1]], n_items, "item_seq")
        history, offsets = keep_last((values, offsets), max_history)
        levels = [table[name].to_numpy() for name in ("likes_level", "views_level")]
        label = table["label"].to_numpy(zero_copy_only=False)
        return cls(
            target=target,
            history=history.astype(np.int32),
            offsets=offsets,
            row_levels=np.column_stack(levels).astype(np.int64),
            label=label.astype(np.float32),
        )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.target)

    def __getitem__(self, rows: np.ndarray) -> Batch:
        """Gather a batch of rows ``[B]`` int64, in this order."""
        history, offsets = take_ranges(
            self.history, self.offsets[rows], self.offsets[rows + 1]
        )
        segment = np.repeat(np.arange(len(rows)), np.diff(offsets))
        return Batch.of(
            target=torch.from_numpy(self.target[rows]),
            history=torch.from_numpy(history.astype(np.int64)),
            segment=torch.from_numpy(segment),
            row_levels=torch.from_numpy(self.row_levels[rows]),
            label=torch.from_numpy(self.label[rows]),
        )

    def seen_items(self, n_items: int) -> np.ndarray:
        """``[n_items + 1]`` bool: whether an item is a target or in a history here."""
        seen = np.zeros(n_items + 1, bool)
        seen[self.target] = True
        seen[self.history] = True
        return seen


class EpochBatches(Sampler[np.ndarray]):
    """Shuffled batches whose order depends on the seed and the epoch alone.

    A pass over the rows may be cut into several epochs, so that a trainer that
    validates at the end of an epoch validates more often. A last batch of a single row,
    which batch normalisation cannot take, is joined to the one before.
    """

    def __init__(self, rows: int, batch_size: int, *, parts: int, seed: int) -> None:
        """Plan the batches.

        Args:
            rows: Rows of the log.
            batch_size: Rows a batch.
            parts: Epochs that make up one pass over the rows.
            seed: Of the order.
        """
        self._rows = rows
        self._seed = seed
        self._epoch = 0
        whole, rest = divmod(rows, batch_size)
        n_batches = max(whole + (rest > 1), 1)
        self._borders = np.append(np.arange(n_batches) * batch_size, rows)
        self._parts = min(parts, n_batches)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; trainers call this."""
        self._epoch = epoch

    @property
    def parts(self) -> int:
        """Epochs of one pass: never more than there are batches."""
        return self._parts

    def _batches(self) -> range:
        part = self._epoch % self._parts
        cuts = np.linspace(0, len(self._borders) - 1, self._parts + 1).astype(int)
        return range(cuts[part], cuts[part + 1])

    def __len__(self) -> int:
        """Batches of this epoch."""
        return len(self._batches())

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the rows of each batch of this epoch."""
        rng = np.random.default_rng([self._seed, self._epoch // self._parts])
        order = rng.permutation(self._rows)
        for batch in self._batches():
            yield order[self._borders[batch] : self._borders[batch + 1]]


class OrderedBatches(Sampler[np.ndarray]):
    """Batches in the order of the log, for prediction."""

    def __init__(self, rows: int, batch_size: int) -> None:
        """Plan the batches."""
        self._rows = rows
        self._batch_size = batch_size

    def __len__(self) -> int:
        """Number of batches."""
        return math.ceil(self._rows / self._batch_size)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the rows of each batch."""
        for start in range(0, self._rows, self._batch_size):
            yield np.arange(start, min(start + self._batch_size, self._rows))


def _require_items(items: np.ndarray, n_items: int, column: str) -> None:
    wrong = np.flatnonzero((items < 1) | (items > n_items))
    if wrong.size:
        raise ValueError(
            f"click log: column '{column}' has items outside 1..{n_items}, first "
            f"{items[wrong[:5]].tolist()} at positions {wrong[:5].tolist()}; run the "
            "preparation and quantization pipelines again"
        )
