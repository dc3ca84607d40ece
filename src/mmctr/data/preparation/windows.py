"""Windows of time that a part is cut into."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from mmctr.data.preparation.positives import Positives
from mmctr.runtime.pieces import pieces


@dataclass(frozen=True)
class Windows:
    """Windows that hold rows of a part, in time order.

    Attributes:
        numbers: ``[W]`` int64, ascending; windows without a row are left out.
        bounds: ``[W + 1]`` int64 first row of each; last the number of rows.
    """

    numbers: np.ndarray
    bounds: np.ndarray

    @classmethod
    def cut(cls, positives: Positives, seconds: int) -> Self:
        """Cut the rows of a part into windows of so many seconds, from its first."""
        begin = positives.timestamps[positives.events[0]]
        before, numbers, starts = -1, [], []
        for rows in pieces(len(positives)):
            times = positives.timestamps[positives.events[rows]]
            window = (times - begin) // seconds
            first = np.flatnonzero(np.diff(window, prepend=before))
            numbers.append(window[first])
            starts.append(first + rows.start)
            before = window[-1]
        bounds = np.append(np.concatenate(starts), len(positives))
        return cls(np.concatenate(numbers), bounds)

    def slices(self) -> Iterator[slice]:
        """The rows of each window."""
        for low, high in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            yield slice(int(low), int(high))
