"""An interaction log as primary tables: split in time, negatives drawn."""

import numpy as np
import pandas as pd
import pyarrow as pa

from mmctr.data.preparation.levels import item_levels, tag_ids
from mmctr.data.preparation.negatives import sample_negatives
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.splits import PARTS, history_ranges, split_by_time
from mmctr.data.preparation.tables import (
    PrimaryTables,
    events_table,
    list_array,
    primary_tables,
    rows_table,
)
from mmctr.data.preparation.taken_items import TakenItems
from mmctr.data.preparation.unknown import UnknownValues, raise_or_warn
from mmctr.data.reading.source import LogSource
from mmctr.runtime.jagged import take_ranges


def prepare_interactions(source: LogSource, params: PreparationParams) -> PrimaryTables:
    """Turn a log of clicks into labelled rows without looking ahead.

    Train rows and whatever is derived from training events depend on nothing that
    happens later, and nothing on the order of the file. A row's group is its event: one
    positive and its negatives.

    Args:
        source: The log and its items.
        params: Split, histories and negatives.

    Returns:
        The primary tables.

    Raises:
        ValueError: If an event's item is not in the item table and ``unknown_items`` is
            ``strict``; it names the first five rows. If a part would have no event or
            no row; it names the parameter to change.
    """
    items = source.items
    n_items = len(items)
    events, codes, reported = _known_events(source, params)
    # The cuts depend on timestamps alone, so repeated events are dropped after them.
    split = split_by_time(events["timestamp"].to_numpy(), params)
    log = events.assign(
        item=codes,
        user=pd.factorize(events["user_id"], sort=True)[0],
        part=split.part,
    )
    distinct = _in_time(log, params.seed).drop_duplicates(["user", "item", "timestamp"])
    by_time = distinct.assign(repeat=distinct.duplicated(["user", "item"]))
    n_repeats = int(by_time["repeat"].sum())
    if params.repeats == "drop":
        by_time = by_time[~by_time["repeat"]]
    # The events of train come first: neither their numbers nor their order depend on
    # later events.
    by_time = by_time.reset_index(drop=True).rename_axis("event")
    by_user = by_time.sort_values("user", kind="stable")
    start, end, until = history_ranges(
        by_user["user"].to_numpy(), by_user["timestamp"].to_numpy(), params.max_history
    )
    ranges = by_user[[]].assign(start=start, end=end, until=until)
    by_time = by_time.join(ranges).reset_index()

    train_items = by_time.loc[by_time["part"] == 0, "item"].to_numpy()
    counts = np.bincount(train_items, minlength=n_items + 1)[1:]
    likes, views = (item_levels(items, name, counts) for name in ("likes", "views"))
    tags, n_tags = tag_ids(items, params.max_tags)

    parts: dict[str, pa.Table] = {}
    dropped: dict[str, dict[str, int]] = {}
    for index, name in enumerate(PARTS):
        parts[name], dropped[name] = _part_rows(
            by_time, index, by_user["item"].to_numpy(), (likes, views), params
        )
    return primary_tables(
        "interactions",
        pa.table(
            {
                "item_id": items["item_id"],
                "title": items["title"],
                "tags": tags,
                "likes_level": likes,
                "views_level": views,
            }
        ),
        source.image_vectors,
        parts,
        events_table(by_time["user_id"], by_time["item"], by_time["timestamp"]),
        levels_from={
            name: "items" if name in items.column_names else "training events"
            for name in ("likes", "views")
        },
        unknown=reported,
        log={
            "events": len(source.log),
            "repeated_events_dropped": len(log) - len(distinct),
            "repeats": params.repeats,
            "repeated_clicks": n_repeats,
            "users": int(log["user"].nunique()),
            "items_with_events": int(log["item"].nunique()),
            "valid_from": split.valid_from,
            "test_from": split.test_from,
            "tags": n_tags,
            "negatives_per_positive": params.negatives_per_positive,
            "parts": dropped,
        },
    )


def _in_time(log: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The events in time order, whatever their order in the file.

    Ties are in a random order that the seed, the user and the item decide: neither the
    place in the file nor the size of an id carries any meaning.
    """
    ids = log[["user_id", "item_id"]].assign(seed=seed)
    tie = pd.util.hash_pandas_object(ids, index=False).to_numpy()
    return log.iloc[np.lexsort((tie, log["timestamp"]))]


def _known_events(
    source: LogSource, params: PreparationParams
) -> tuple[pd.DataFrame, np.ndarray, dict[str, object]]:
    """The events of known items, the items' numbers, and a report of the others."""
    events = source.log.select(["user_id", "item_id", "timestamp"]).to_pandas()
    codes = (
        pd.Index(source.items["item_id"].to_pandas()).get_indexer(events["item_id"]) + 1
    )
    rows = np.flatnonzero(codes == 0)
    unknown = UnknownValues(
        "interactions.parquet",
        "item_id",
        rows,
        events["item_id"].to_numpy()[rows],
        "these events are left out",
        "items that items.parquet lacks",
    )
    reported = raise_or_warn([unknown], params.unknown_items)
    if not rows.size:
        return events, codes, reported
    if rows.size == len(events):
        raise ValueError(
            "interactions.parquet: no event is left, no item is in items.parquet; give "
            "the item table that belongs to this log"
        )
    kept = codes > 0
    return events[kept].reset_index(drop=True), codes[kept], reported


def _part_rows(
    by_time: pd.DataFrame,
    part: int,
    items_by_user: np.ndarray,
    levels: tuple[np.ndarray, np.ndarray],
    params: PreparationParams,
) -> tuple[pa.Table, dict[str, int]]:
    """The rows of one part: each positive followed by its negatives, in time order.

    Args:
        by_time: All events in time order.
        part: Index of the part.
        items_by_user: ``[events]`` items of the log sorted by (user, timestamp), which
            ``start`` and ``end`` of an event point into.
        levels: ``[n_items]`` likes and views levels.
        params: Histories and negatives.

    Returns:
        The table, and what was dropped.
    """
    until = by_time[by_time["part"] <= part]
    events = by_time[by_time["part"] == part]
    has_history = (events["end"] - events["start"]).to_numpy() >= params.min_history
    is_repeat = events["repeat"].to_numpy() & (params.repeats == "first")
    candidates = events[has_history & ~is_repeat]
    negatives, as_of = sample_negatives(
        Positives(
            *(
                candidates[name].to_numpy()
                for name in ("user", "item", "timestamp", "start", "end", "until")
            ),
            items_by_user,
        ),
        TakenItems(until["user"].to_numpy(), until["item"].to_numpy(), len(levels[0])),
        params,
        np.random.default_rng([params.seed, part]),
    )
    drawn = negatives[:, 0] > 0
    positives = candidates[drawn]
    dropped = {
        "events": len(events),
        "dropped_short_history": int((~has_history).sum()),
        "dropped_repeats": int((has_history & is_repeat).sum()),
        "dropped_too_few_negatives": int((~drawn).sum()),
        "positives": len(positives),
    }
    if positives.empty:
        raise ValueError(
            f"{PARTS[part]} has no row left: of {len(events)} events "
            f"{dropped['dropped_short_history']} have a history under "
            f"preparation.min_history={params.min_history}, "
            f"{dropped['dropped_repeats']} are repeats under "
            f"preparation.repeats={params.repeats} and "
            f"{dropped['dropped_too_few_negatives']} too few items for "
            f"preparation.negatives_per_positive={params.negatives_per_positive}; "
            "lower these or raise the part's fraction"
        )
    width = 1 + params.negatives_per_positive
    item_ids = np.column_stack([positives["item"], negatives[drawn]]).reshape(-1)
    start, end = (
        np.repeat(positives[name].to_numpy(), width) for name in ("start", "end")
    )
    labels = np.zeros((len(positives), width), np.int8)
    labels[:, 0] = 1
    columns = {
        "user_id": pa.array(np.repeat(positives["user_id"].to_numpy(), width)),
        "group_id": np.repeat(positives["event"].to_numpy(), width),
        "item_id": item_ids,
        "item_seq": list_array(take_ranges(items_by_user, start, end)),
        "timestamp": np.repeat(positives["timestamp"].to_numpy(), width),
        "as_of": np.repeat(as_of[drawn], width),
        "likes_level": levels[0][item_ids - 1],
        "views_level": levels[1][item_ids - 1],
        "label": labels.reshape(-1),
    }
    return rows_table(columns), dropped
