"""Answers from a bundle: scores, rankings, explanations, new items and events.

torch and the like are imported when a bundle is loaded, so that importing this is
quick.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np

from mmctr.serving.errors import BundleError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from mmctr.serving.explanation import Explanation
    from mmctr.serving.rows import Requests
    from mmctr.serving.state import ScoringState

Ids = Sequence[Any]
Unknown = Literal["score", "refuse"]


class Answer(NamedTuple):
    """Scores, and what of a request the bundle does not have.

    Attributes:
        scores: ``[C]`` float64 click probabilities, calibrated.
        unknown_history: How many items of histories were left out.
        unknown_candidates: ``[C]`` bool.
    """

    scores: np.ndarray
    unknown_history: int
    unknown_candidates: np.ndarray


class Scorer:
    """A trained model with everything that it needs to answer.

    Threads may share one. Adding items or events makes a new state and puts it in place
    of the old one: a request in progress is answered from the one it began with.

    Examples:
        >>> scorer = Scorer.load("data/06_models/sample/bundle")
        >>> scorer.score(history=[17, 204], candidates=[3, 99]).shape
        (2,)
        >>> [len(pair) for pair in scorer.rank(history=[17, 204], k=3)]
        [2, 2, 2]
    """

    def __init__(self, state: ScoringState, unknown: Unknown) -> None:
        """Take a state; use :meth:`load`."""
        self._state = state
        self._unknown = unknown
        self._writing = threading.Lock()

    @classmethod
    def load(cls, path: str | Path, *, unknown: Unknown = "score") -> Self:
        """Load a bundle, and check that it gives the scores it is expected to give.

        Args:
            path: The folder, which is only read.
            unknown: What happens to candidates that the bundle lacks; score: they have
                no feature of their own; refuse: an error.

        Raises:
            BundleError: If it is no bundle, damaged or old, or its scores differ here.
        """
        try:
            from mmctr.serving.saving import load_state
        except ModuleNotFoundError as error:
            raise BundleError(
                f"a bundle needs {error.name}, which isn't installed: pip install mmctr"
            ) from error
        return cls(load_state(Path(path)), unknown)

    @property
    def items(self) -> list[Any]:
        """The ids of all items, added ones last."""
        return self._state.bundle.items["original_id"].to_pylist()

    @property
    def card(self) -> str:
        """The model's card, Markdown."""
        return self._state.bundle.card

    @property
    def sample(self) -> pd.DataFrame:
        """The bundle's own requests, for :meth:`score_frame`, and their scores."""
        return self._state.bundle.sample.to_pandas()

    def score(
        self,
        history: Ids,
        candidates: Ids,
        user: Mapping[str, Any] | None = None,
        row: Mapping[str, Any] | None = None,
        as_of: int | None = None,
    ) -> np.ndarray:
        """Score candidates for a user.

        Args:
            history: Items that the user clicked, oldest first; may be empty, unknown
                ones are left out.
            candidates: ``C`` items.
            user: ``user_id`` where the log had the user, and the user's fields.
            row: Fields of the context, and ``timestamp``; a value, or C of them.
            as_of: Unix seconds; row statistics count what was before. None: all that
                the bundle knows.

        Returns:
            ``[C]`` float64 click probabilities, calibrated.

        Raises:
            UnknownItemsError: If candidates are unknown and these are refused.
            ValueError: If ids are of another type than the log's, or a value is wrong.
        """
        return self.answer(history, candidates, user, row, as_of).scores

    def answer(
        self,
        history: Ids,
        candidates: Ids,
        user: Mapping[str, Any] | None = None,
        row: Mapping[str, Any] | None = None,
        as_of: int | None = None,
    ) -> Answer:
        """Score candidates as :meth:`score` does, and say what was unknown."""
        from mmctr.serving.requests import of_user

        state = self._state
        requests, unknown = of_user(state, history, candidates, user, row, as_of)
        return self._answer(state, requests, unknown, candidates)

    def rank(
        self,
        history: Ids,
        k: int = 10,
        candidates: Ids | None = None,
        user: Mapping[str, Any] | None = None,
        row: Mapping[str, Any] | None = None,
        as_of: int | None = None,
    ) -> list[tuple[Any, float]]:
        """Find the items that the user would click most likely.

        Args:
            history: As for :meth:`score`.
            k: How many.
            candidates: Items to choose from; None: all.
            user: As for :meth:`score`.
            row: The same.
            as_of: The same.

        Returns:
            Ids and scores, the highest first; of equal ones the first candidate.
        """
        from mmctr.serving.requests import best_items, of_user

        state = self._state
        requests, unknown = of_user(state, history, candidates, user, row, as_of)
        scores = self._answer(state, requests, unknown, candidates).scores
        return best_items(state, requests, candidates, scores, k)

    def score_frame(self, frame: pd.DataFrame | pa.Table) -> np.ndarray:
        """Score rows, each with a history of its own.

        Args:
            frame: ``item_id`` and ``history`` (lists, oldest first); optionally
                ``user_id``, ``as_of`` (unix seconds), ``timestamp``, and fields of
                users and rows.

        Returns:
            ``[rows]`` float64 click probabilities, in their order; the same bits as the
            pipeline's for the same rows in the same batches.

        Raises:
            UnknownItemsError: If targets are unknown and these are refused.
            ValueError: If a column is missing or of another type.
        """
        return self.answer_frame(frame).scores

    def answer_frame(self, frame: pd.DataFrame | pa.Table) -> Answer:
        """Score rows as :meth:`score_frame` does, and say what was unknown."""
        from mmctr.serving.requests import of_frame

        state = self._state
        requests, unknown = of_frame(state, frame)
        return self._answer(state, requests, unknown, frame["item_id"])

    def explain(
        self,
        history: Ids,
        item: Any,
        user: Mapping[str, Any] | None = None,
        row: Mapping[str, Any] | None = None,
        as_of: int | None = None,
    ) -> Explanation:
        """Say what a score is made of.

        Args:
            history: As for :meth:`score`.
            item: A known item.
            user: As for :meth:`score`.
            row: The same.
            as_of: The same.

        Returns:
            Score, attention and similarity per history item, and how much the score
            falls without each of them and without each field of user and row.
        """
        from mmctr.serving.explanation import explain

        return explain(self._state, history, item, user or {}, row or {}, as_of)

    def add_items(self, items: pd.DataFrame | pa.Table) -> None:
        """Add items that training never saw; they are scorable at once.

        Args:
            items: ``item_id``, and columns as the item table of training had them: text
                or vectors of its modalities, fields, tags, likes and views. What is
                missing is unknown.

        Raises:
            ValueError: If an id is known already, or something can't be embedded.
        """
        from mmctr.serving.new_items import with_items
        from mmctr.serving.requests import as_table

        with self._writing:
            old = self._state
            self._state = old.of(with_items(old.bundle, as_table(items), old.ids))

    def observe(self, events: pd.DataFrame | pa.Table) -> int:
        """Let row statistics know of new events.

        Args:
            events: ``user_id``, ``item_id`` and ``timestamp`` (unix seconds, where the
                log had times), and, of impressions or a challenge, ``label``. Those of
                unknown items are left out.

        Returns:
            How many were left out.

        Raises:
            ValueError: If a column is missing or of another type.
        """
        from mmctr.serving.requests import as_table, new_events

        with self._writing:
            state = self._state
            known, left_out = new_events(state, as_table(events))
            self._state = state.with_events(known)
        return left_out

    def save(self, path: str | Path) -> None:
        """Write a bundle, added items and events included, as a whole or not at all.

        Args:
            path: The folder; an earlier one is replaced.
        """
        from mmctr.serving.saving import save_state

        save_state(self._state, Path(path))

    def export(self, path: str | Path, *formats: str) -> None:
        """Write the model, added items included, for runtimes without this project.

        Args:
            path: The folder; an earlier one is replaced.
            formats: ``onnx`` (the default), ``torch``, or both; see docs/export.md.

        Raises:
            ExportError: If a package is missing, or probabilities differ.
        """
        from mmctr.serving.export.folder import write_export

        write_export(self._state, Path(path), formats or ("onnx",))

    def _answer(
        self,
        state: ScoringState,
        requests: Requests,
        unknown_history: int,
        candidates: Any,
    ) -> Answer:
        if self._unknown == "refuse":
            from mmctr.serving.requests import require_known

            require_known(requests, candidates)
        return Answer(state.score(requests), unknown_history, requests.items == 0)
