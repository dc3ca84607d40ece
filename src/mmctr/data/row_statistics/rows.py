"""Rows whose statistics are computed, as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa

from mmctr.runtime.jagged import keep_last, take_ranges

UNDATED_AS_OF = 1
"""As-of time where a source has no times; its events are at time 0, so all count."""

# A history item's weight falls by this factor per newer item.
_FADED = np.float32(0.7) ** np.arange(101, dtype=np.float32)


@dataclass(frozen=True)
class HistoryRows:
    """Targets, histories and as-of times of ``R`` rows with ``P`` history items.

    Attributes:
        users: ``[R]`` int64 codes of the event log; -1 for a user without events.
        items: ``[R]`` int64 targets; 0 is an item that the item table lacks.
        as_of: ``[R]`` int64, unix seconds.
        history: ``[P]`` int64 items, oldest first, row after row.
        offsets: ``[R + 1]`` int64.
    """

    users: np.ndarray
    items: np.ndarray
    as_of: np.ndarray
    history: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_arrow(
        cls,
        table: pa.Table,
        users: np.ndarray,
        max_history: int,
        as_of_limit: int | None,
    ) -> Self:
        """Read a primary table.

        Args:
            table: ``train``, ``valid`` or ``test``.
            users: ``[R]`` codes of the event log.
            max_history: Items kept per row, the newest.
            as_of_limit: Latest as-of time; None: no limit.

        Raises:
            ValueError: If only some rows have an ``as_of``.
        """
        column = table["as_of"]
        if column.null_count not in (0, len(column)):
            rows = np.flatnonzero(column.is_null().to_numpy())[:5].tolist()
            raise ValueError(
                f"column 'as_of' is empty in rows {rows} and set in others; prepare "
                "again: kedro run --pipeline preparation"
            )
        if column.null_count:
            as_of = np.full(len(column), UNDATED_AS_OF)
        else:
            as_of = column.to_numpy()
            as_of = as_of if as_of_limit is None else np.minimum(as_of, as_of_limit)
        lists = table["item_seq"].combine_chunks()
        history, offsets = keep_last(
            (lists.values.to_numpy(), lists.offsets.to_numpy().astype(np.int64)),
            max_history,
        )
        items = table["item_id"].to_numpy()
        return cls(users, items, as_of, history.astype(np.int64), offsets)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.items)

    def pieces(self, rows: int) -> Iterator[tuple[slice, "HistoryRows"]]:
        """Cut into pieces of so many rows, each with its place."""
        for start in range(0, len(self), rows):
            part = slice(start, min(start + rows, len(self)))
            offsets = self.offsets[part.start : part.stop + 1]
            yield (
                part,
                HistoryRows(
                    self.users[part],
                    self.items[part],
                    self.as_of[part],
                    self.history[offsets[0] : offsets[-1]],
                    offsets - offsets[0],
                ),
            )

    @cached_property
    def lengths(self) -> np.ndarray:
        """``[R]`` int64 items in each history."""
        return np.diff(self.offsets)

    @cached_property
    def row(self) -> np.ndarray:
        """``[P]`` int64 row of each history item."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def targets(self) -> np.ndarray:
        """``[P]`` int64 target of each history item's row."""
        return self.items[self.row]

    @cached_property
    def newer(self) -> np.ndarray:
        """``[P]`` int64 history items that are newer."""
        return self.offsets[1:][self.row] - 1 - np.arange(len(self.history))

    @cached_property
    def only_history(self) -> np.ndarray | None:
        """``[H]`` int64, the history of all rows; None if they have several."""
        width = len(self.history) // max(len(self), 1)
        if not len(self) or (self.lengths != width).any():
            return None
        of_rows = self.history.reshape(len(self), width)
        return of_rows[0] if (of_rows == of_rows[0]).all() else None

    @cached_property
    def number_of_history(self) -> np.ndarray:
        """``[R]`` int64: rows with the same number have the same history.

        Neighbouring rows are compared; those of one group share theirs.
        """
        if self.only_history is not None:
            return np.zeros(len(self), np.int64)
        differs = np.ones(len(self), bool)
        differs[1:] = self.lengths[1:] != self.lengths[:-1]
        # Where lengths are equal, each item is compared with the one a history before.
        before = np.arange(len(self.history)) - self.lengths[self.row]
        other = self.history != self.history[np.maximum(before, 0)]
        differs |= self.sum(other.astype(np.int64)) > 0
        differs[:1] = True
        return np.cumsum(differs) - 1

    @cached_property
    def first_of_history(self) -> np.ndarray:
        """The first row of each of them."""
        return np.flatnonzero(np.diff(self.number_of_history, prepend=-1))

    @cached_property
    def is_request(self) -> bool:
        """Whether all rows share user, time and history, as those of one request."""
        return self.only_history is not None and all(
            (own == own[0]).all() for own in (self.users, self.as_of)
        )

    @cached_property
    def context(self) -> np.ndarray:
        """``[R]`` int64: neighbours with one number share user, time and history."""
        if self.is_request:
            return np.zeros(len(self), np.int64)
        differs = np.diff(self.number_of_history, prepend=-1) > 0
        for own in (self.users, self.as_of):
            differs[1:] |= own[1:] != own[:-1]
        return np.cumsum(differs) - 1

    @cached_property
    def contexts(self) -> "HistoryRows":
        """The first row of each of them, for what does not depend on the target."""
        return self.take(np.flatnonzero(np.diff(self.context, prepend=-1)))

    def take(self, chosen: np.ndarray) -> "HistoryRows":
        """Some of the rows, by their numbers."""
        history, offsets = take_ranges(
            self.history, self.offsets[:-1][chosen], self.offsets[1:][chosen]
        )
        own = (each[chosen] for each in (self.users, self.items, self.as_of))
        return HistoryRows(*own, history, offsets)

    def having(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows that have some of the history items.

        Args:
            places: ``[N]`` int64, ascending.

        Returns:
            The rows, ascending, and ``[N]`` int64 which of these has each item.
        """
        row = self.row[places]
        is_first = np.diff(row, prepend=-1) > 0
        return row[is_first], np.cumsum(is_first) - 1

    def place_in_contexts(self, places: np.ndarray) -> np.ndarray:
        """The place among the contexts' history items of places among all ``[P]``."""
        rows = self.row[places]
        within = places - self.offsets[rows]
        return self.contexts.offsets[self.context[rows]] + within

    def pairs(
        self, of_targets: np.ndarray, of_history: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values of target and history item of every position, to be combined.

        Args:
            of_targets: ``[R]``.
            of_history: Of each history item of the contexts.

        Returns:
            ``[P]`` each; in a request ``[R, 1]`` and ``[1, H]``, which broadcast to all
            positions in their order.
        """
        if self.is_request:
            return of_targets[:, None], of_history[None]
        starts = self.contexts.offsets[:-1][self.context]
        spread = take_ranges(of_history, starts, starts + self.lengths)[0]
        return of_targets[self.row], spread

    @cached_property
    def weights(self) -> np.ndarray:
        """``[P]`` float32 by how many items are newer."""
        return _FADED[np.minimum(self.newer, len(_FADED) - 1)]

    @cached_property
    def sum_of_weights(self) -> np.ndarray:
        """``[R]`` float32."""
        return self.sum(self.weights)

    @cached_property
    def cosines(self) -> dict[str, np.ndarray]:
        """``[P]`` float32 by modality, where statistics are made of them."""
        return {}

    @cached_property
    def _filled(self) -> np.ndarray:
        """Rows with a history."""
        return np.flatnonzero(self.lengths)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sum ``[..., P]`` values of each row, in their dtype; 0 if none."""
        return self.reduce(np.add, values, 0)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean ``[..., R]`` float32 of ``[..., P]``; NaN for an empty history."""
        return divided(self.sum(values), self.lengths)

    def reduce(self, ufunc: np.ufunc, values: np.ndarray, empty: float) -> np.ndarray:
        """Reduce ``[..., P]`` values to ``[..., R]``; ``empty`` without history."""
        filled = self._filled
        if len(filled) == len(self) > 0:
            return ufunc.reduceat(values, self.offsets[:-1], axis=-1)
        reduced = np.full((*values.shape[:-1], len(self)), empty, values.dtype)
        if filled.size:
            # Empty histories have no positions, so the filled ones are adjacent.
            starts = self.offsets[filled]
            reduced[..., filled] = ufunc.reduceat(values, starts, axis=-1)
        return reduced


def divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotient ``[..., R]`` as float32; NaN where the divisor ``[R]`` is 0."""
    quotient = np.full(above.shape, np.nan, np.float32)
    return np.divide(above, below, out=quotient, where=below > 0, casting="unsafe")
