"""Which rows of the log were clicked before, by the same user."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from mmctr.data.preparation.histories import Histories
from mmctr.data.preparation.history_ranges import order_by_user
from mmctr.data.preparation.numbered_log import HISTORY, NumberedLog
from mmctr.runtime.jagged import Jagged, keep_last, newest_first, take_ranges


@dataclass(frozen=True)
class EarlierClicks:
    """The clicks that histories are made of, as rows of the log.

    Attributes:
        histories: Of the events.
        file_row: ``[clicks]`` row of the log of each of the histories' items.
        most: Clicks per event, the newest.
    """

    histories: Histories
    file_row: np.ndarray
    most: int

    @classmethod
    def find(cls, log: NumberedLog, histories: Histories, most: int) -> Self:
        """Number the clicks as their items are numbered in the histories."""
        order = order_by_user(log.user)
        if log.label is not None:
            order = order[log.label[order] == 1]
        return cls(histories, log.file_row[order], most)

    def of(self, events: np.ndarray) -> Jagged:
        """Find the newest clicks before some events, those before the log left out.

        Args:
            events: ``[R]`` places in the log.

        Returns:
            Rows of the log, of each event the newest first, and ``[R + 1]`` offsets.
        """
        start, end = self.histories.start[events], self.histories.end[events]
        rows, offsets = take_ranges(self.file_row, start, end)
        in_log = rows != HISTORY
        kept = np.concatenate([[0], np.cumsum(in_log)])[offsets]
        return newest_first(keep_last((rows[in_log], kept), self.most))
