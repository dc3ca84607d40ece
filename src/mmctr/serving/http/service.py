"""The bundle that answers now, and the answers."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.serving.errors import RequestError
from mmctr.serving.http.limits import Limits
from mmctr.serving.http.models import (
    Added,
    NewItems,
    RankedItem,
    Ranking,
    RankRequest,
    ScoreRequest,
    Scores,
    UnknownParts,
)
from mmctr.serving.http.served import ServedBundle

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Question:
    """A request as the scorer takes it."""

    user: dict[str, Any]
    row: dict[str, Any]
    ignored: list[str]


class Service:
    """Answers from a bundle, which can be replaced between two answers.

    Threads share it: an answer comes from the bundle that was there when it began.
    """

    def __init__(self, bundle: ServedBundle, limits: Limits) -> None:
        """Answer from a bundle."""
        self._bundle = bundle
        self._limits = limits
        self._added: list[pa.Table] = []
        self._n_items = len(bundle.scorer.items)
        self._writing = threading.Lock()

    @property
    def bundle(self) -> ServedBundle:
        """What answers now."""
        return self._bundle

    @property
    def limits(self) -> Limits:
        """Bounds of a request."""
        return self._limits

    @property
    def n_items(self) -> int:
        """Number of items, added ones included."""
        return self._n_items

    @property
    def added_items(self) -> int:
        """How many of the items were added since the start."""
        return sum(table.num_rows for table in self._added)

    def score(self, request: ScoreRequest) -> Scores:
        """Score candidates.

        Raises:
            ValueError: If the request can't be answered.
        """
        bundle = self._bundle
        asked = self._check(bundle, request, request.candidates)
        answer = bundle.scorer.answer(
            request.history, request.candidates, asked.user, asked.row, request.as_of
        )
        return Scores(
            scores=answer.scores.tolist(),
            unknown=_unknown(asked, answer, request.candidates),
        )

    def rank(self, request: RankRequest) -> Ranking:
        """Find the best items.

        Raises:
            ValueError: If the request can't be answered.
        """
        bundle, scorer = self._bundle, self._bundle.scorer
        asked = self._check(bundle, request, request.candidates or [])
        if request.k > self._limits.candidates:
            raise RequestError(f"at most {self._limits.candidates:,}", ("k",))
        given = (asked.user, asked.row, request.as_of)
        if request.candidates is None:
            best = scorer.rank(request.history, request.k, None, *given)
            no_row = scorer.answer(request.history, [])
            unknown = _unknown(asked, no_row, [])
        else:
            among = request.candidates
            answer = scorer.answer(request.history, among, *given)
            order = np.argsort(-answer.scores, kind="stable")[: request.k]
            best = [(among[x], float(answer.scores[x])) for x in order]
            unknown = _unknown(asked, answer, among)
        return Ranking(
            items=[RankedItem(item_id=item, score=score) for item, score in best],
            unknown=unknown,
        )

    def add_items(self, request: NewItems) -> Added:
        """Add items; they are kept when the bundle is replaced.

        Raises:
            ValueError: If they can't be added; then none of them is.
        """
        rows = request.items
        if len(rows) > self._limits.new_items:
            raise RequestError(f"at most {self._limits.new_items:,}", ("items",))
        for place, row in enumerate(rows):
            if "item_id" not in row:
                raise RequestError("there is no item_id", ("items", place, "item_id"))
            if type(row["item_id"]) is not self._bundle.item_type:
                raise RequestError(
                    f"expected an id, {self._bundle.id_kind}s as in the log",
                    ("items", place, "item_id"),
                )
        names = list(dict.fromkeys(name for row in rows for name in row))
        known = self._bundle.columns("item")
        table = pa.table({x: _column(x, rows) for x in names if x in known})
        with self._writing:
            try:
                self._bundle.scorer.add_items(table)
            except (ValueError, pa.ArrowException) as error:
                where = getattr(error, "where", ("items",))
                raise RequestError(str(error), where) from error
            self._added.append(table)
            self._n_items += table.num_rows
            return Added(
                added=table.num_rows,
                items=self._n_items,
                ignored=[x for x in names if x not in known],
            )

    def replace(self, bundle: ServedBundle) -> None:
        """Answer from another bundle from now on, with the items that were added.

        Those that it has itself are as it has them; those that can't be added to it
        are left out, and that is logged.
        """
        with self._writing:
            kept = []
            for table in self._added:
                known = set(bundle.scorer.items)
                ids = table["item_id"].to_pylist()
                rows = table.filter(pa.array([x not in known for x in ids], pa.bool_()))
                if rows.num_rows and _can_add(bundle, rows):
                    kept.append(rows)
            self._added, self._bundle = kept, bundle
            self._n_items = len(bundle.scorer.items)

    def _check(
        self,
        bundle: ServedBundle,
        request: ScoreRequest | RankRequest,
        candidates: Sequence[Any],
    ) -> _Question:
        ids = {"history": request.history, "candidates": list(candidates)}
        for name, given in ids.items():
            most = getattr(self._limits, name)
            if len(given) > most:
                raise RequestError(f"at most {most:,}, got {len(given):,}", (name,))
            bundle.require_ids(name, given)
        user, ignored = bundle.known_values("user", request.user)
        row, more = bundle.known_values("row", request.row)
        return _Question(user, row, ignored + more)


def _unknown(asked: _Question, answer: Any, candidates: list[Any]) -> UnknownParts:
    places = np.flatnonzero(answer.unknown_candidates)
    return UnknownParts(
        history=answer.unknown_history,
        candidates=[candidates[place] for place in places],
        fields=asked.ignored,
    )


def _column(name: str, rows: list[dict[str, Any]]) -> pa.Array:
    try:
        return pa.array([row.get(name) for row in rows])
    except (pa.ArrowException, OverflowError, UnicodeError) as error:
        why = " ".join(str(error).split())
        raise RequestError(why, ("items", name)) from error


def _can_add(bundle: ServedBundle, rows: pa.Table) -> bool:
    try:
        bundle.scorer.add_items(rows)
    except (ValueError, pa.ArrowException) as error:
        logger.warning(
            "%d added items can't be added to the new bundle and are left out: %s",
            rows.num_rows,
            error,
        )
        return False
    return True
