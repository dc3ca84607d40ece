"""The rows of a log as a bundle scores them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import TEXTS, is_any, is_list
from mmctr.data.fields.field import CODES, MISSING
from mmctr.data.fields.log_columns import GROUP_SIZE
from mmctr.data.preparation.tables import list_array
from mmctr.data.reading.scored_log import ScoredRows
from mmctr.runtime.jagged import keep_last, newest_first
from mmctr.serving.errors import UnknownItemsError
from mmctr.serving.ids import ItemIds
from mmctr.serving.prediction.index import EventIndex
from mmctr.serving.prediction.users import UserColumns, user_keys
from mmctr.serving.rows import Requests
from mmctr.serving.state import ScoringState

HISTORY = "history"
"""A column of the log with each row's history; then no other events are looked at."""

_OWN = ("user_id", "item_id", "timestamp", HISTORY)
_SHOWN = 5


@dataclass(frozen=True)
class LogRows:
    """Makes requests of the rows of a log.

    Attributes:
        state: The bundle.
        longest: Most items of a history.
        users: Their columns; None without.
        clicks: Folder of the index of clicks by user; None without.
        groups: Folder of the index of rows by impression; None without.
        clicked: Name of a field of earlier clicks -> folder of its index.
        place: The log's file, for messages.
    """

    state: ScoringState
    longest: int
    users: UserColumns | None
    clicks: Path | None
    groups: Path | None
    clicked: Mapping[str, Path]
    place: str

    def requests(self, rows: ScoredRows) -> tuple[Requests, int]:
        """Turn rows into requests.

        Returns:
            The requests, and how many items of given histories are unknown.

        Raises:
            ValueError: If ids are of another type than the bundle's.
        """
        keys = user_keys(rows.users)
        moments, sizes = self._groups(rows, keys)
        (history, offsets), unknown = self._histories(rows, keys, moments)
        columns = {
            name: rows.raw[name] for name in rows.raw.column_names if name not in _OWN
        }
        if self.users is not None:
            columns |= self.users.take(rows.users, keys, self.place)
        if sizes is not None and GROUP_SIZE not in columns:
            columns[GROUP_SIZE] = pa.array(sizes)
        columns |= self._clicked_columns(keys, moments)
        if rows.times is not None:
            columns["timestamp"] = pa.array(rows.times)
        now = self.state.next_moment
        if now is None:
            as_of = None
        else:
            as_of = np.full(len(keys), now) if moments is None else moments
        requests = Requests(
            items=item_numbers(self.state.ids, rows.items, self.place),
            history=history,
            offsets=offsets,
            users=self._user_ids(rows),
            as_of=as_of,
            columns=columns,
        )
        return requests, unknown

    def _user_ids(self, rows: ScoredRows) -> pa.Array:
        kind = self.state.bundle.events.schema.field("user_id").type
        users = rows.users.combine_chunks()
        if pa.types.is_integer(users.type) != pa.types.is_integer(kind):
            raise ValueError(
                f"{self.place}: user ids of this bundle are {kind}, and got "
                f"{users.type}, first {users[0].as_py()!r}; give ids as its log had "
                "them"
            )
        return users.cast(kind)

    def _groups(
        self, rows: ScoredRows, keys: np.ndarray
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """First time of each row's group, and how many rows it has."""
        if self.groups is None:
            return rows.times, None
        index = EventIndex.open(self.groups)
        first, end = index.ranges(group_keys(rows, keys))
        moments = None if rows.times is None else index.first_times(first)
        return moments, end - first

    def _histories(
        self, rows: ScoredRows, keys: np.ndarray, moments: np.ndarray | None
    ) -> tuple[tuple[np.ndarray, np.ndarray], int]:
        count = len(keys)
        if HISTORY in rows.raw.column_names:
            return self._given(rows.raw[HISTORY].combine_chunks())
        if self.clicks is None:
            return (np.zeros(0, np.int64), np.zeros(count + 1, np.int64)), 0
        if moments is None:
            moments = np.full(count, np.iinfo(np.int64).max)
        index = EventIndex.open(self.clicks)
        items, offsets = index.latest_before(keys, moments, self.longest)
        return (np.asarray(items, np.int64), offsets), 0

    def _given(self, lists: pa.Array) -> tuple[tuple[np.ndarray, np.ndarray], int]:
        if not is_list(lists.type):
            raise ValueError(
                f"{self.place}: column '{HISTORY}' is {lists.type}; expected lists of "
                "item ids, oldest first"
            )
        lengths = np.array(pc.fill_null(pc.list_value_length(lists), 0), np.int64)
        of_row = np.repeat(np.arange(len(lengths)), lengths)
        items = item_numbers(
            self.state.ids, pa.chunked_array([lists.flatten()]), self.place
        )
        known = items > 0
        counts = np.bincount(of_row[known], minlength=len(lengths))
        jagged = items[known], np.concatenate([[0], np.cumsum(counts)])
        return keep_last(jagged, self.longest), int((~known).sum())

    def _clicked_columns(
        self, keys: np.ndarray, moments: np.ndarray | None
    ) -> Mapping[str, pa.Array]:
        """Codes of the fields of earlier clicks, the newest first."""
        found = {}
        most = {own.name: own.max_tags for own in self.state.bundle.fields.of("row")}
        for name, folder in self.clicked.items():
            assert moments is not None
            index = EventIndex.open(folder)
            latest = index.latest_before(keys, moments, most[name])
            codes, ends = newest_first(latest)
            known = codes != MISSING
            ends = np.concatenate([[0], np.cumsum(known)])[ends]
            found[CODES + name] = list_array((codes[known], ends))
        return found


def refuse_unknown(rows: ScoredRows, items: np.ndarray, place: str) -> None:
    """Refuse rows whose item the bundle lacks.

    Raises:
        UnknownItemsError: If there is one.
    """
    unknown = np.flatnonzero(items == 0)
    if unknown.size:
        first = rows.items.take(pa.array(unknown[:_SHOWN])).to_pylist()
        raise UnknownItemsError(
            f"{place}: {unknown.size:,} rows have items that the bundle lacks, first "
            f"{first}; give them in items.parquet beside the log, or score them "
            "without features of their own: --params predict.unknown=score"
        )


def as_kind(ids: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Text of a file without types as numbers, where the bundle's ids are numbers.

    Args:
        ids: Text, or anything else, which stays as it is.
        kind: Of the bundle's ids.

    Returns:
        Numbers, if all of it is whole numbers; otherwise the text.
    """
    if not (is_any(ids.type, TEXTS) and pa.types.is_integer(kind)):
        return ids
    is_number = pc.match_substring_regex(ids, r"^(0|-?[1-9][0-9]{0,17})$")
    return ids.cast(pa.int64()) if pc.all(is_number).as_py() else ids


def item_numbers(ids: ItemIds, given: pa.ChunkedArray, place: str) -> np.ndarray:
    """Numbers of items ``[R]``, 0 for an unknown one.

    Raises:
        ValueError: If ids are of another type than the bundle's.
    """
    try:
        return ids.numbers(given.combine_chunks())
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error


def group_keys(rows: ScoredRows, users: np.ndarray) -> np.ndarray:
    """Key of each row's impression: of its user and id, or of user and time."""
    if "impression_id" in rows.raw.column_names:
        other = user_keys(rows.raw["impression_id"].cast(pa.string()))
    elif rows.times is not None:
        other = pd.util.hash_array(rows.times)
    else:
        return users
    return pd.util.hash_array(users * np.uint64(1_000_003) ^ other)
