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
_FADING = np.float32(0.7)
_TOP = 3
POOLS = ("max", "mean", "last", "recent", "top3")
"""How values per history item become one of the row; see :meth:`HistoryRows.pool`."""


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
        first = np.flatnonzero(np.diff(self.context, prepend=-1))
        history, offsets = take_ranges(
            self.history, self.offsets[:-1][first], self.offsets[1:][first]
        )
        return HistoryRows(
            self.users[first], self.items[first], self.as_of[first], history, offsets
        )

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
    def _weights(self) -> np.ndarray:
        return _FADING ** np.minimum(self.newer, 100).astype(np.float32)

    @cached_property
    def _sum_of_weights(self) -> np.ndarray:
        return self.sum(self._weights)

    @cached_property
    def _filled(self) -> np.ndarray:
        """Rows with a history."""
        return np.flatnonzero(self.lengths)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sum ``[P]`` or ``[P, d]`` values of each row, in their dtype; 0 if none."""
        return self._reduce(np.add, values, 0)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean ``[R]`` of one value per position; NaN for an empty history."""
        return _divided(self.sum(values.ravel()), self.lengths)

    def pool(self, prefix: str, values: np.ndarray) -> dict[str, np.ndarray]:
        """Make values per history item one of the row, in every way.

        Args:
            prefix: Of the names.
            values: ``[P]`` float32, one per history item; of a request also ``[R, H]``.

        Returns:
            ``[R]`` float32 each, NaN for an empty history: the ``max``, the ``mean``,
            the ``last`` (newest) item's, ``recent``, the mean weighted by .7 to the
            number of newer items, and ``top3``, the mean of the three largest.
        """
        values = values.ravel()
        last = np.full(len(self), np.nan, np.float32)
        filled = self.lengths > 0
        last[filled] = values[self.offsets[1:][filled] - 1]
        recent = _divided(self.sum(values * self._weights), self._sum_of_weights)
        largest = self._largest(values)
        found = {
            "max": np.where(filled, largest[0], np.nan),
            "mean": self.mean(values),
            "last": last,
            "recent": recent,
            "top3": _divided(sum(largest), np.minimum(self.lengths, _TOP)),
        }
        return {
            f"{prefix}_{name}": column.astype(np.float32)
            for name, column in found.items()
        }

    def _largest(self, values: np.ndarray) -> list[np.ndarray]:
        """The three largest values of each row ``[R]``; 0 where it has fewer."""
        rest = values.astype(np.float32)
        width = self.lengths[:1].sum()
        if width and (self.lengths == width).all():
            block = np.sort(rest.reshape(-1, width), axis=1)
            nothing = np.zeros(len(self), np.float32)
            return [
                block[:, -place] if place <= width else nothing
                for place in range(1, _TOP + 1)
            ]
        found = []
        for _ in range(_TOP):
            best = self._reduce(np.maximum, rest, -np.inf)
            found.append(np.where(np.isfinite(best), best, 0))
            places = np.flatnonzero((rest == best[self.row]) & np.isfinite(rest))
            if not places.size:
                continue
            # Of equal values one is taken out.
            is_first = np.diff(self.row[places], prepend=-1) > 0
            rest[places[is_first]] = -np.inf
        return found

    def _reduce(self, ufunc: np.ufunc, values: np.ndarray, empty: float) -> np.ndarray:
        filled = self._filled
        if len(filled) == len(self) > 0:
            return ufunc.reduceat(values, self.offsets[:-1], axis=0)
        reduced = np.full((len(self), *values.shape[1:]), empty, values.dtype)
        if filled.size:
            # Empty histories have no positions, so the filled ones are adjacent.
            reduced[filled] = ufunc.reduceat(values, self.offsets[filled], axis=0)
        return reduced


def _divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotient as float32; NaN where the divisor is 0."""
    quotient = np.full(len(below), np.nan, np.float32)
    return np.divide(above, below, out=quotient, where=below > 0, casting="unsafe")
