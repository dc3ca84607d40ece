"""What is counted of each scored piece, for the report of the whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.reading.scored_log import NO_LABEL, ScoredRows
from mmctr.serving.prediction.users import UserIndex, user_keys
from mmctr.serving.reference import count_like, items_with_vector
from mmctr.serving.state import ScoringState

Counts = dict[str, list[float]]


@dataclass(frozen=True)
class PieceCounts:
    """Counts pieces of a log.

    Attributes:
        state: The bundle.
        users: Those of its events; None where it has no events.
        with_vector: From :func:`mmctr.serving.reference.items_with_vector`.
    """

    state: ScoringState
    users: UserIndex | None
    with_vector: dict[str, np.ndarray]

    @classmethod
    def of_state(cls, state: ScoringState) -> Self:
        """Collect the users that the bundle knows."""
        users = state.bundle.events["user_id"]
        known = None
        if len(users):
            known = UserIndex.of(pa.chunked_array([pc.unique(users)]))
        return cls(state, known, items_with_vector(state.bundle.vectors))

    def of(
        self,
        rows: pa.Table,
        scores: np.ndarray,
        piece: ScoredRows,
        unknown_history: int,
    ) -> Counts:
        """Count a piece.

        Args:
            rows: Its ``R`` rows, encoded.
            scores: ``[R]`` probabilities.
            piece: The rows as they were read.
            unknown_history: Items of given histories that are unknown.

        Returns:
            Lists of numbers, which are summed over pieces.
        """
        bundle = self.state.bundle
        lengths = pc.list_value_length(rows["item_seq"])
        labels = piece.labels
        unknown_users = 0
        if self.users is not None:
            places = self.users.find(user_keys(rows["user_id"]))
            unknown_users = int((places < 0).sum())
        counts: Counts = {
            "rows": [len(scores)],
            "labelled": [0 if labels is None else int((labels != NO_LABEL).sum())],
            "clicks": [0 if labels is None else int((labels == 1).sum())],
            "unknown_users": [unknown_users],
            "unknown_candidates": [_count_equal(rows["item_id"], 0)],
            "history_items": [(pc.sum(lengths).as_py() or 0) + unknown_history],
            "unknown_history": [unknown_history],
            "empty_histories": [_count_equal(lengths, 0)],
            "score_sum": [float(scores.sum())],
        }
        return counts | count_like(
            bundle.reference,
            bundle.fields,
            rows,
            bundle.item_table,
            scores,
            self.with_vector,
        )


def _count_equal(values: pa.ChunkedArray, value: int) -> int:
    return int(pc.sum(pc.equal(values, value)).as_py() or 0)


def summed(parts: Iterable[Counts]) -> Counts:
    """Add the counts of all pieces."""
    total: dict[str, np.ndarray] = {}
    for part in parts:
        for name, values in part.items():
            total[name] = total.get(name, 0) + np.array(values)
    return {name: values.tolist() for name, values in total.items()}


def measured_rows(
    labels: np.ndarray | None,
    scores: np.ndarray,
    users: np.ndarray,
    groups: np.ndarray,
    share: float,
) -> pa.Table:
    """Choose the labelled rows that metrics are computed on: those of some users.

    Args:
        labels: ``[R]`` int8; None without.
        scores: ``[R]`` probabilities.
        users: ``[R]`` uint64 keys.
        groups: ``[R]`` uint64 keys.
        share: Of the users.

    Returns:
        ``label``, ``probability``, ``user`` and ``group``.
    """
    chosen = np.zeros(len(scores), bool)
    if labels is not None:
        chosen = labels != NO_LABEL
        if share < 1:
            chosen &= users < np.uint64(share * 2.0**64)
    kept: dict[str, Any] = {
        "label": np.zeros(0, np.int8) if labels is None else labels[chosen],
        "probability": scores[chosen],
        "user": users[chosen],
        "group": groups[chosen],
    }
    return pa.table(kept)
