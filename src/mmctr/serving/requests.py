"""What callers give, as rows to score: their own ids, scalars, frames."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import is_list
from mmctr.data.fields.field import CODES, VALUES
from mmctr.data.fields.params import Side
from mmctr.runtime.suggestions import suggest
from mmctr.serving.errors import RequestError, UnknownItemsError
from mmctr.serving.rows import Requests, not_dates
from mmctr.serving.state import ScoringState

logger = logging.getLogger(__name__)

_OWN = ("user_id", "item_id", "history", "as_of")


def of_user(
    state: ScoringState,
    history: Sequence[Any],
    candidates: Sequence[Any] | None,
    user: Mapping[str, Any] | None,
    row: Mapping[str, Any] | None,
    as_of: int | None,
) -> tuple[Requests, int]:
    """Rows of one user's candidates; see :meth:`mmctr.serving.scorer.Scorer.score`.

    Args:
        state: What scores.
        history: As there.
        candidates: The same; None: all items.
        user: As there.
        row: The same.
        as_of: The same.

    Returns:
        The rows, and how many items of the history are unknown.
    """
    user, row = dict(user or {}), dict(row or {})
    if candidates is None:
        items = np.arange(1, len(state.ids) + 1)
    else:
        items = state.ids.numbers(candidates)
    count = len(items)
    _warn_of_ignored(state, "user", user, {"user_id"})
    _warn_of_ignored(state, "row", row, {"timestamp"})
    past = state.ids.numbers(history)
    known = past[past > 0]
    user_id = user.pop("user_id", None)
    columns = {name: _repeated(name, value, count) for name, value in row.items()}
    columns |= {
        name: _array("user", name, [value] * count) for name, value in user.items()
    }
    moment = state.next_moment if as_of is None else as_of
    requests = Requests(
        items=items,
        history=np.tile(known, count),
        offsets=np.arange(count + 1) * len(known),
        users=_repeated_user(state, user_id, count),
        as_of=None if moment is None else np.full(count, moment, np.int64),
        columns=columns,
    )
    return requests, len(past) - len(known)


def _warn_of_ignored(
    state: ScoringState, side: Side, given: Mapping[str, Any], others: set[str]
) -> None:
    """Say which names of a user or a row are none that the bundle knows."""
    known = {field.column for field in state.bundle.fields.of(side)} | others
    for name in given:
        # A caller may have encoded a field already.
        if name not in known and not name.startswith((CODES, VALUES)):
            logger.warning(
                "%s: '%s' is no field of this bundle, so it is ignored; %s",
                side,
                name,
                suggest(name, known),
            )


def best_items(
    state: ScoringState,
    requests: Requests,
    candidates: Sequence[Any] | None,
    scores: np.ndarray,
    k: int,
) -> list[tuple[Any, float]]:
    """Ids and scores of the k best; see :meth:`mmctr.serving.scorer.Scorer.rank`."""
    if k < 0:
        raise ValueError(f"k: expected a number from 0 on, got {k}")
    best = np.argsort(-scores, kind="stable")[:k]
    if candidates is None:
        ids = state.ids.of(requests.items[best])
    else:
        among = list(candidates)
        ids = [among[place] for place in best]
    return list(zip(ids, scores[best].tolist(), strict=True))


def of_frame(
    state: ScoringState, frame: pd.DataFrame | pa.Table
) -> tuple[Requests, int]:
    """Rows of a frame; see :meth:`mmctr.serving.scorer.Scorer.score_frame`.

    Returns:
        The rows, and how many items of histories are unknown.
    """
    table = as_table(frame)
    _require(table, ("item_id", "history"))
    count = table.num_rows
    lists = table["history"].combine_chunks()
    if not is_list(lists.type):
        if lists.null_count < count:
            raise ValueError(f"column 'history' is {lists.type}; expected lists")
        lists = pa.array([[]] * count, pa.list_(state.ids.type))
    lengths = np.array(pc.fill_null(pc.list_value_length(lists), 0), np.int64)
    rows = np.repeat(np.arange(count), lengths)
    past = state.ids.numbers(lists.flatten())
    known = past > 0
    kept = np.bincount(rows[known], minlength=count)
    requests = Requests(
        items=state.ids.numbers(table["item_id"]),
        history=past[known],
        offsets=np.concatenate([[0], np.cumsum(kept)]),
        users=_users(state, table["user_id"])
        if "user_id" in table.column_names
        else pa.nulls(count, state.user_type),
        as_of=_moments(state, table),
        columns={name: table[name] for name in table.column_names if name not in _OWN},
    )
    return requests, int((~known).sum())


def require_known(requests: Requests, candidates: Any) -> None:
    """Refuse candidates that the bundle lacks.

    Args:
        requests: Rows of the candidates.
        candidates: Their ids, for the message.

    Raises:
        UnknownItemsError: If there is one.
    """
    places = np.flatnonzero(requests.items == 0).tolist()
    if places:
        first = [list(candidates)[x] for x in places[:5]]
        raise UnknownItemsError(
            f"{len(places)} candidates are not in the bundle, first {first}; add them "
            "with add_items, or load it with unknown='score'",
            ("candidates", places[0]),
        )


def new_events(state: ScoringState, events: pa.Table) -> tuple[pa.Table, int]:
    """All events, with new ones behind, in the order of time.

    Returns:
        The events, and how many of the new ones are of unknown items.
    """
    known = state.bundle.events
    if not known.num_rows:
        logger.warning("the model reads nothing of events: these change no score")
        return known, 0
    optional = {"timestamp"} if known["timestamp"].null_count else set()
    _require(events, tuple(x for x in known.column_names if x not in optional))
    numbers = state.ids.numbers(events["item_id"])
    columns = []
    for each in known.schema:
        if each.name == "item_id":
            columns.append(pa.array(numbers))
        elif each.name in optional:
            columns.append(pa.nulls(len(numbers), each.type))
        elif each.name == "user_id":
            columns.append(_users(state, events[each.name]))
        else:
            columns.append(_cast(events, each))
        if columns[-1].null_count and each.name not in optional:
            raise ValueError(f"events: column '{each.name}' is empty in some rows")
    added = pa.table(columns, known.schema).filter(pa.array(numbers > 0))
    _warn_of_uncounted(state, added)
    both = pa.concat_tables([known, added])
    order = np.argsort(both["timestamp"].to_numpy(), kind="stable")
    return both.take(pa.array(order)), int((numbers == 0).sum())


def _cast(events: pa.Table, field: pa.Field) -> pa.Array:
    column = not_dates(events[field.name], field.name)
    try:
        return column.cast(field.type)
    except pa.ArrowException as error:
        raise ValueError(
            f"events: column '{field.name}' is {column.type}; expected {field.type}"
        ) from error


def _warn_of_uncounted(state: ScoringState, events: pa.Table) -> None:
    """Say how many events statistics will not count, since these end at train."""
    facts = state.bundle.facts.events
    if facts.valid_from is None or (facts.clock and not facts.frozen):
        return
    late = pc.sum(pc.greater_equal(events["timestamp"], facts.valid_from)).as_py()
    if late:
        why = "row_statistics.protocol=frozen" if facts.frozen else "no clock"
        logger.warning(
            "%s events change no statistic: this bundle's count what was before %d "
            "alone (%s)",
            f"{late:,}",
            facts.valid_from,
            why,
        )


def as_table(frame: pd.DataFrame | pa.Table) -> pa.Table:
    """A frame as an Arrow table."""
    if isinstance(frame, pa.Table):
        return frame
    return pa.Table.from_pandas(frame, preserve_index=False)


def _require(table: pa.Table, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ValueError(
            f"there is no column '{missing[0]}'; there are "
            f"{', '.join(table.column_names)}"
        )


def _repeated(name: str, value: Any, count: int) -> pa.Array:
    """A value for every candidate, or one each."""
    if isinstance(value, (list, tuple, np.ndarray, pd.Series)):
        if len(value) != count:
            raise RequestError(
                f"row: '{name}' has {len(value)} values for {count} candidates; give "
                "one, or as many",
                ("row", name),
            )
        return _array("row", name, list(value))
    return _array("row", name, [value] * count)


def _array(side: str, name: str, values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError) as error:
        why = " ".join(str(error).split())
        raise RequestError(f"{side}: '{name}': {why}", (side, name)) from error


def _repeated_user(state: ScoringState, user_id: Any, count: int) -> pa.Array:
    if user_id is None:
        return pa.nulls(count, state.user_type)
    return pa.repeat(_users(state, [user_id])[0], count)


def _users(state: ScoringState, ids: Any) -> pa.Array:
    """Users in the type of the events' own; the bundle need not know them."""
    kind = state.user_type
    array = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    array = array if isinstance(array, pa.Array) else pa.array(array)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    if pa.types.is_integer(array.type) != pa.types.is_integer(kind):
        raise RequestError(
            f"user_id: this bundle's are {kind}, and got {array.type}; give ids as the "
            "log had them",
            ("user", "user_id"),
        )
    return array.cast(kind)


def _moments(state: ScoringState, table: pa.Table) -> np.ndarray | None:
    count = table.num_rows
    given = None
    if "as_of" in table.column_names:
        given = not_dates(table["as_of"], "as_of")
        if not given.null_count:
            return given.to_numpy().astype(np.int64)
    moment = state.next_moment
    if moment is None:
        return None
    if given is None:
        return np.full(count, moment, np.int64)
    return pc.fill_null(given.cast(pa.int64()), moment).to_numpy()
