"""Batches that keep the rows of a group together."""

import logging

import numpy as np

from mmctr.runtime.jagged import take_ranges

LOGGER = logging.getLogger(__name__)


class WholeGroups:
    """Shuffled groups, cut into a given number of batches of nearly the same size.

    A border between two batches is the end of a group, the one nearest to where equal
    batches would have it. A group of more than half a batch is cut into pieces that are
    small enough, so that a batch has from half to one and a half times the rows of an
    equal one, and never a single row.
    """

    def __init__(self, groups: np.ndarray, count: int) -> None:
        """Find the groups' rows.

        Args:
            groups: ``[rows]`` int64.
            count: Batches; at least two rows for each of them.
        """
        self._count = count
        most = max(len(groups) // (2 * count), 1)
        self._rows = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[self._rows], prepend=groups.min() - 1))
        sizes = np.diff(starts, append=len(groups))
        pieces = -(-sizes // most)
        if (pieces > 1).any():
            LOGGER.warning(
                "groups of more than %d rows, half a batch: %d of %d; they are cut "
                "into pieces, and only rows of one piece are compared with each "
                "other; the largest has %d rows, so "
                "ctr_modeling.training.batch_size=%d keeps all whole",
                most,
                (pieces > 1).sum(),
                len(sizes),
                sizes.max(),
                2 * sizes.max() + 1,
            )
        whole = np.repeat(np.arange(len(sizes)), pieces)
        number = np.arange(len(whole)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        # Pieces differ by a row where the rows do not divide evenly.
        self._starts = starts[whole] + number * sizes[whole] // pieces[whole]
        self._sizes = np.diff(self._starts, append=len(groups))

    def shuffled(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw an order.

        Returns:
            ``[rows]`` int64 rows, group after group, and the ``[count + 1]`` borders of
            the batches.
        """
        order = rng.permutation(len(self._starts))
        starts, sizes = self._starts[order], self._sizes[order]
        rows, ends = take_ranges(self._rows, starts, starts + sizes)
        equal = len(rows) * np.arange(1, self._count) / self._count
        after = np.searchsorted(ends, equal)
        is_before = equal - ends[after - 1] < ends[after] - equal
        inner = ends[after - is_before]
        return rows, np.concatenate([[0], inner, [len(rows)]])
