"""Scores a piece of a log, in this process or on a worker of a cluster."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa

from mmctr.data.reading.scored_log import ScoredRows
from mmctr.serving.prediction.counts import Counts, PieceCounts, measured_rows
from mmctr.serving.prediction.rows import group_keys
from mmctr.serving.prediction.users import user_keys
from mmctr.serving.rows import Requests
from mmctr.serving.state import ScoringState

PROBABILITY = "probability"


class RequestedPiece(NamedTuple):
    """Rows, all that they ask for, and how many items of histories are unknown."""

    rows: ScoredRows
    requests: Requests
    unknown: int


class ScoredPiece(NamedTuple):
    """What becomes of a piece, see :meth:`PieceStore.write`."""

    rows: pa.Table
    measured: pa.Table
    counts: Counts


@dataclass(frozen=True)
class PieceScorer:
    """Needs no file of the log nor of the bundle, so that it works on any machine.

    Attributes:
        state: The bundle.
        share: Of the users whose rows are measured.
    """

    state: ScoringState
    share: float

    def __call__(self, piece: RequestedPiece) -> ScoredPiece:
        """Score it."""
        rows, requests, unknown = piece
        encoded = self.state.rows(requests)
        scores = self.state.score_rows(encoded)
        users = user_keys(rows.users)
        groups = group_keys(rows, users)
        counts = self._counts.of(encoded, scores, rows, unknown)
        measured = measured_rows(rows.labels, scores, users, groups, self.share)
        place = rows.raw.column_names.index("item_id") + 1
        table = rows.raw.add_column(place, PROBABILITY, pa.array(scores))
        return ScoredPiece(_in_order(table), measured, counts)

    @cached_property
    def _counts(self) -> PieceCounts:
        return PieceCounts.of_state(self.state)


def _in_order(table: pa.Table) -> pa.Table:
    """User, item and probability first, then the other columns as they are."""
    first = ["user_id", "item_id", PROBABILITY]
    return table.select([*first, *(x for x in table.column_names if x not in first)])
