"""The clicks and the impressions of a log, indexed on the disk."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from mmctr.data.column_kinds import is_list
from mmctr.data.fields.field import Field
from mmctr.data.reading.events import FRACTION
from mmctr.data.reading.scored_log import ScoredLog, ScoredRows
from mmctr.runtime.atomic import atomic_folder
from mmctr.serving.prediction.index import BEFORE_ALL, IndexWriter
from mmctr.serving.prediction.rows import as_kind, group_keys, item_numbers
from mmctr.serving.prediction.users import user_keys
from mmctr.serving.state import ScoringState

_LIST = 16
"""Clicks that a list of a history is taken to hold, to have as many in memory."""

Typed = Callable[[ScoredRows], ScoredRows]


def index_clicks(
    state: ScoringState,
    log: ScoredLog,
    typed: Typed,
    rows_at_once: int,
    folder: Path,
    *,
    are_all: bool,
) -> Path | None:
    """Index the clicks that rows may have in their history, by user.

    Args:
        state: Knows the items; clicks of others are left out.
        log: Earlier clicks, and rows; these only where they have times.
        typed: Gives rows ids of the bundle's type.
        rows_at_once: Rows in memory.
        folder: Of the index; if it is there, it is whole.
        are_all: Whether every row is a click; otherwise those labelled so.

    Returns:
        The folder; None where there can be no click.
    """
    has_rows = has_clicks(log, are_all=are_all)
    if not has_rows and "history" not in log.tables:
        return None
    if folder.is_dir():
        return folder
    with atomic_folder(folder) as part:
        writer = IndexWriter(part)
        _add_history(writer, state, log, rows_at_once)
        pieces = log.pieces(rows_at_once, only=()) if has_rows else ()
        for piece in map(typed, pieces):
            items = item_numbers(state.ids, piece.items, log.rows.place)
            _add_clicks(writer, piece, items, items > 0, are_all=are_all)
        writer.finish()
    return folder


def index_clicked(
    field: Field,
    log: ScoredLog,
    typed: Typed,
    rows_at_once: int,
    folder: Path,
    *,
    are_all: bool,
) -> Path:
    """Index what a column of the log is in the clicks that later rows look back at.

    Args:
        field: Of earlier clicks; its codes are what is indexed.
        log: The rows, with clicks, times and the column.
        typed: Gives rows ids of the bundle's type.
        rows_at_once: Rows in memory.
        folder: Of the index; if it is there, it is whole.
        are_all: Whether every row is a click; otherwise those labelled so.
    """
    assert field.of_clicks is not None
    if folder.is_dir():
        return folder
    with atomic_folder(folder) as part:
        writer = IndexWriter(part)
        for piece in map(typed, log.pieces(rows_at_once, only=[field.of_clicks])):
            codes = field.codes(piece.raw[field.of_clicks])
            every = np.ones(len(codes), bool)
            _add_clicks(writer, piece, codes, every, are_all=are_all)
        writer.finish()
    return folder


def has_clicks(log: ScoredLog, *, are_all: bool) -> bool:
    """Whether rows of a log are clicks that later rows may know of."""
    return "timestamp" in log.column_names and (are_all or log.label is not None)


def _add_clicks(
    writer: IndexWriter,
    piece: ScoredRows,
    values: np.ndarray,
    chosen: np.ndarray,
    *,
    are_all: bool,
) -> None:
    """Add the chosen of the rows that are clicks of a user, ``[R]`` each."""
    chosen = chosen & piece.users.is_valid().to_numpy()
    if not are_all and piece.labels is not None:
        chosen &= piece.labels == 1
    assert piece.times is not None
    columns = (user_keys(piece.users), piece.times, piece.fractions, values)
    writer.add(*(column[chosen] for column in columns))


def index_groups(log: ScoredLog, typed: Typed, rows_at_once: int, folder: Path) -> Path:
    """Index the rows by their group, so that its first time and its size are known.

    Args:
        log: The rows.
        typed: Gives rows ids of the bundle's type.
        rows_at_once: Rows in memory.
        folder: Of the index; if it is there, it is whole.
    """
    if folder.is_dir():
        return folder
    with atomic_folder(folder) as part:
        writer = IndexWriter(part)
        for piece in map(typed, log.pieces(rows_at_once, only=())):
            keys = group_keys(piece, user_keys(piece.users))
            times = (
                np.zeros(len(keys), np.int64) if piece.times is None else piece.times
            )
            writer.add(keys, times, piece.fractions, np.zeros(len(keys), np.int32))
        writer.finish()
    return folder


def _add_history(
    writer: IndexWriter, state: ScoringState, log: ScoredLog, rows_at_once: int
) -> None:
    """Clicks from before the log; those without a time come before all others."""
    if "history" not in log.tables:
        return
    table, known = log.tables["history"], 0
    are_lists = is_list(table.schema.field(table.names.taken["item_id"]).type)
    size = max(rows_at_once // _LIST, 1) if are_lists else rows_at_once
    for history in log.history_pieces(size):
        users, given = history["user_id"], history["item_id"]
        if not table.raw.is_typed:
            users = as_kind(users, state.bundle.events.schema.field("user_id").type)
            given = as_kind(given, state.ids.type)
        items = item_numbers(state.ids, given, table.place)
        count = len(items)
        times = np.full(count, BEFORE_ALL)
        if "timestamp" in history.column_names:
            times = np.asarray(history["timestamp"].fill_null(BEFORE_ALL), np.int64)
        fractions = np.zeros(count)
        if FRACTION in history.column_names:
            fractions = np.asarray(history[FRACTION].fill_null(0.0), np.float64)
        chosen = (items > 0) & users.is_valid().to_numpy()
        keys = user_keys(pa.chunked_array(users.chunks, users.type))[chosen]
        known += len(keys)
        clicks = (keys, times[chosen], fractions[chosen], items[chosen])
        writer.add(*clicks, once=are_lists)
    log.notes.tell(f"{table.place}: {known:,} clicks before the log, of known items")
