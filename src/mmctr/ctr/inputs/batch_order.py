"""Which rows make up each batch."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from torch.utils.data import Sampler

from mmctr.ctr.inputs.whole_groups import WholeGroups


class EpochBatches(Sampler[np.ndarray]):
    """Shuffled batches whose order depends on the seed and the epoch alone.

    A pass over the rows may be cut into several epochs, so that a trainer that
    validates at the end of an epoch validates more often. All of them have as many
    batches, since Lightning reads the number of the first: where rows do not divide
    evenly, there are more batches, all a little smaller. A last batch of a single row,
    which batch normalisation cannot take, is joined to the one before. Batches of whole
    groups are described in :class:`~mmctr.ctr.inputs.whole_groups.WholeGroups`.

    Attributes:
        parts: Epochs of one pass.

    The state is the position in an epoch: loaded into a sampler of the same rows, seed
    and parts, iteration continues with the batches not yet yielded.
    """

    def __init__(
        self,
        rows: int,
        batch_size: int,
        *,
        parts: int,
        seed: int,
        groups: np.ndarray | None = None,
    ) -> None:
        """Plan the batches.

        Args:
            rows: Rows of the log.
            batch_size: Rows per batch.
            parts: Epochs that make up one pass over the rows; fewer where there are not
                that many batches of two rows.
            seed: Seed of the order.
            groups: ``[rows]`` int64, equal where rows shall be in one batch; None: rows
                are shuffled one by one.
        """
        self._rows = rows
        self._seed = seed
        self._epoch = 0
        self._borders, self.parts = _plan(rows, batch_size, parts)
        count = len(self._borders) - 1
        self._groups = None if groups is None else WholeGroups(groups, count)
        self._yielded = 0
        self._skipped = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; trainers call this."""
        if epoch != self._epoch:
            self._yielded = self._skipped = 0
        self._epoch = epoch

    def state_dict(self) -> dict[str, int]:
        """The epoch, and how many of its batches were yielded."""
        return {"epoch": self._epoch, "batch": self._yielded}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Skip batches already yielded.

        Args:
            state: What :meth:`state_dict` gave.
        """
        self._epoch = state["epoch"]
        self._yielded = self._skipped = state["batch"]

    def __len__(self) -> int:
        """Batches of an epoch, skipped ones included."""
        return (len(self._borders) - 1) // self.parts

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the rows of each batch of this epoch."""
        self._yielded, self._skipped = self._skipped, 0
        for rows in self.batches_in(self._epoch)[self._yielded :]:
            self._yielded += 1
            yield rows

    def batches_in(self, epoch: int) -> list[np.ndarray]:
        """Rows of every batch in an epoch: ``[B]`` int64 positions in the log each."""
        rng = np.random.default_rng([self._seed, epoch // self.parts])
        if self._groups is None:
            order, borders = rng.permutation(self._rows), self._borders
        else:
            order, borders = self._groups.shuffled(rng)
        first = epoch % self.parts * len(self)
        borders = borders[first : first + len(self) + 1]
        return [order[start:end] for start, end in pairwise(borders)]


def _plan(rows: int, batch_size: int, parts: int) -> tuple[np.ndarray, int]:
    """Borders of the batches in a pass, and the epochs that it is cut into."""
    whole, rest = divmod(rows, batch_size)
    count = max(whole + (rest > 1), 1)
    for fewer in range(min(parts, count), 1, -1):
        enough = -(-count // fewer) * fewer
        if enough == count:
            return np.append(np.arange(count) * batch_size, rows), fewer
        if enough <= rows // 2:
            return np.linspace(0, rows, enough + 1).astype(int), fewer
    return np.append(np.arange(count) * batch_size, rows), 1


def ordered_batches(rows: int, batch_size: int, first: int = 0) -> list[slice]:
    """Rows ``first`` to ``rows`` of each batch in order, to validate and predict."""
    starts = range(first, rows, batch_size)
    return [slice(start, min(start + batch_size, rows)) for start in starts]
