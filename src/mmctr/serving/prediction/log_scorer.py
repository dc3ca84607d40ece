"""Score a log of any size by a bundle, a piece at a time; a stopped run goes on."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from mmctr.data.fields.log_columns import GROUP_SIZE
from mmctr.data.preparation.groups import BY_IMPRESSION, BY_TIME, BY_USER
from mmctr.data.reading.scored_log import ScoredLog, ScoredRows
from mmctr.runtime.hashing import file_fingerprint
from mmctr.runtime.progress import is_shown, progress_bar
from mmctr.runtime.scale.cluster import Cluster
from mmctr.runtime.scale.in_order import call_in_order
from mmctr.runtime.sealed_folder import MANIFEST
from mmctr.serving.making import versions
from mmctr.serving.prediction.events import (
    has_clicks,
    index_clicked,
    index_clicks,
    index_groups,
)
from mmctr.serving.prediction.items import with_log_items
from mmctr.serving.prediction.params import PredictParams
from mmctr.serving.prediction.pieces import (
    PROBABILITY,
    PieceScorer,
    RequestedPiece,
)
from mmctr.serving.prediction.rows import (
    HISTORY,
    LogRows,
    as_kind,
    refuse_unknown,
)
from mmctr.serving.prediction.store import PieceStore, key_of
from mmctr.serving.prediction.users import UserColumns
from mmctr.serving.saving import load_state
from mmctr.serving.state import ScoringState

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoredPieces:
    """A log that is scored.

    Attributes:
        store: Its pieces.
        count: How many.
        summary: What is known of the whole, for the report.
    """

    store: PieceStore
    count: int
    summary: dict[str, Any]


@dataclass(frozen=True)
class LogScorer:
    """A bundle and a log that it scores.

    Attributes:
        state: The bundle, with the new items of the log.
        log: The log.
        params: Pieces, and what happens to what is unknown.
        store: Where pieces go.
        new_items: Items that the log has added.
    """

    state: ScoringState
    log: ScoredLog
    params: PredictParams
    store: PieceStore
    new_items: int

    @classmethod
    def of(cls, bundle: Path, log: ScoredLog, params: PredictParams) -> Self:
        """Load a bundle, and add the new items of a log.

        Args:
            bundle: Its folder.
            log: The log.
            params: Pieces, and what happens to what is unknown.

        Raises:
            BundleError: If it is no bundle that can be used here.
            ValueError: If the log can't be scored by it; what to do.
        """
        if PROBABILITY in log.column_names:
            raise ValueError(
                f"{log.rows.where(PROBABILITY)} would be written over; leave it out: "
                f"--params preparation.reading.ignore_columns=[{PROBABILITY}]"
            )
        state = load_state(bundle)
        key = key_of(
            {
                "bundle": file_fingerprint(bundle / MANIFEST),
                "log": log.hashes(),
                "reading": log.params.model_dump(mode="json"),
                "params": params.model_dump(exclude={"folder", "progress"}),
                "versions": versions(),
            }
        )
        store = PieceStore(Path(params.folder) / key)
        state, new_items = with_log_items(state, log)
        return cls(state, log, params, store, new_items)

    @property
    def clicks_are_all(self) -> bool:
        """Whether every row is a click, for the histories of later ones."""
        if self.params.clicks != "auto":
            return self.params.clicks == "all"
        kind = self.state.bundle.facts.dataset_kind
        return self.log.label is None and kind == "clicks"

    @property
    def _longest(self) -> int:
        return self.state.bundle.reference.longest_history

    def score(self, cluster: Cluster | None = None) -> ScoredPieces:
        """Score all rows; pieces that are there already are not scored again.

        Args:
            cluster: Its workers score; None: this process.

        Raises:
            ChildProcessError: If the cluster is lost.
            ValueError: If there are no rows, or rows can't be scored.
        """
        params, total = self.params, self.log.count_rows()
        if not total:
            raise ValueError(f"{self.log.rows.place}: no rows; write the file again")
        count = -(-total // params.rows_at_once)
        self.log.note_columns()
        self._note_clicks()
        first = self.store.count()
        if first:
            logger.info("%s of %s pieces are scored already", first, count)
        rows = self._log_rows()
        share = min(1.0, params.measured_rows / max(total, 1))
        with progress_bar("scoring", total, show=is_shown(params.progress)) as bar:
            bar.update(min(first * params.rows_at_once, total))
            pieces = self.log.pieces(params.rows_at_once, first)
            requested = self._requested(pieces, rows)
            scored = call_in_order(PieceScorer(self.state, share), requested, cluster)
            with closing(scored):  # before the cluster is left
                for number, piece in enumerate(scored, first):
                    self.store.write(number, *piece)
                    bar.update(piece.rows.num_rows)
        self.store.finish()
        return ScoredPieces(self.store, count, self._summary(total, share))

    def _requested(
        self, pieces: Iterable[ScoredRows], rows: LogRows
    ) -> Iterator[RequestedPiece]:
        for piece in map(self._typed, pieces):
            requests, unknown = rows.requests(piece)
            if self.params.unknown == "refuse":
                refuse_unknown(piece, requests.items, rows.place)
            yield RequestedPiece(piece, requests, unknown)

    def _typed(self, piece: ScoredRows) -> ScoredRows:
        """With ids of the bundle's type, where the file has no types."""
        if self.log.rows.raw.is_typed:
            return piece
        state = self.state
        users = state.bundle.events.schema.field("user_id").type
        return replace(
            piece,
            users=as_kind(piece.users, users),
            items=as_kind(piece.items, state.ids.type),
        )

    def _log_rows(self) -> LogRows:
        """Index what rows ask for: clicks before, and groups."""
        state, log = self.state, self.log
        clicks = groups = None
        if HISTORY not in log.column_names:
            clicks = index_clicks(
                state, log, self._typed, self.params.rows_at_once,
                self.store.path / "clicks", are_all=self.clicks_are_all,
            )  # fmt: skip
        wanted = {own.column for own in state.bundle.fields.of("row")}
        if "impression_id" in log.column_names or (
            GROUP_SIZE in wanted and GROUP_SIZE not in log.column_names
        ):
            groups = index_groups(
                log, self._typed, self.params.rows_at_once, self.store.path / "groups"
            )
        place = log.rows.place
        clicked = self._clicked()
        users = self._users()
        return LogRows(state, self._longest, users, clicks, groups, clicked, place)

    def _users(self) -> UserColumns | None:
        """The columns of users that are fields."""
        state, table = self.state, self.log.tables.get("users")
        if table is None:
            return None
        fields = (*state.bundle.fields.of("user"), *state.bundle.fields.of("row"))
        wanted = {own.column for own in fields} - {"user_id"}
        users = self.log.read_users(wanted)
        if not table.raw.is_typed:
            kind = state.bundle.events.schema.field("user_id").type
            users = users.set_column(
                users.column_names.index("user_id"),
                "user_id",
                as_kind(users["user_id"], kind),
            )
        return UserColumns.of(users, wanted)

    def _clicked(self) -> dict[str, Path]:
        """Indexes of the fields of earlier clicks that the log can tell."""
        log, are_all = self.log, self.clicks_are_all
        if HISTORY in log.column_names or not has_clicks(log, are_all=are_all):
            return {}
        return {
            own.name: index_clicked(
                own, log, self._typed, self.params.rows_at_once,
                self.store.path / own.name, are_all=are_all,
            )
            for own in self.state.bundle.fields.of("row")
            if own.of_clicks in log.column_names and own.column not in log.column_names
        }  # fmt: skip

    def _note_clicks(self) -> None:
        log, is_guess = self.log, self.params.clicks == "auto"
        looked_at = "timestamp" in log.column_names and HISTORY not in log.column_names
        if is_guess and looked_at and self.clicks_are_all:
            log.notes.warn(
                f"{log.rows.place}: no label, and the bundle is of a log of clicks: "
                "every row is a click that later rows of its user have in their "
                "history; if rows are candidates: --params predict.clicks=labelled"
            )

    @property
    def _group_kind(self) -> str:
        names = self.log.column_names
        if "impression_id" in names:
            return BY_IMPRESSION
        return BY_TIME if "timestamp" in names else BY_USER

    def _summary(self, total: int, share: float) -> dict[str, Any]:
        log = self.log
        histories = "no clicks are known"
        if HISTORY in log.column_names:
            histories = f"the column {HISTORY} of each row"
        elif "timestamp" in log.column_names or "history" in log.tables:
            parts = ["history"] if "history" in log.tables else []
            if "timestamp" in log.column_names and (self.clicks_are_all or log.label):
                parts.append(
                    "all earlier rows" if self.clicks_are_all else "earlier clicks"
                )
            histories = " and ".join(parts) or histories
        return {
            "rows": total,
            "labelled": log.label is not None,
            "groups_by": self._group_kind,
            "measured_share": share,
            "histories": histories,
            "timed": "timestamp" in log.column_names,
            "new_items": self.new_items,
            "notes": list(log.notes.texts),
        }
