"""Rows of a log of clicks: each click, and negatives drawn for it."""

import numpy as np

from mmctr.data.preparation.distinct_times import few_times
from mmctr.data.preparation.histories import Histories
from mmctr.data.preparation.negatives import sample_negatives
from mmctr.data.preparation.numbered_log import NumberedLog
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.preparation.part_rows import ClickRows, PartRows
from mmctr.data.preparation.positives import Positives
from mmctr.data.preparation.splits import PARTS
from mmctr.data.preparation.taken_items import TakenItems
from mmctr.data.preparation.user_clicks import UserClicks

_MIN_HISTORY = 1


def find_repeats(log: NumberedLog) -> np.ndarray:
    """Clicks of an item that the user clicked before: ``[events]`` bool."""
    pairs = log.user.astype(np.int64)
    pairs *= len(log.item_hashes)
    pairs += log.item
    order = np.argsort(pairs)
    pairs.sort()
    is_first = np.ones(len(pairs), bool)
    is_first[1:] = pairs[1:] != pairs[:-1]
    del pairs
    repeat = np.ones(len(log), bool)
    # Equal pairs are sorted in any order.
    if len(log):
        repeat[np.minimum.reduceat(order, np.flatnonzero(is_first))] = False
    return repeat


def click_rows(
    log: NumberedLog,
    part: np.ndarray,
    histories: Histories,
    repeat: np.ndarray,
    params: PreparationParams,
) -> tuple[dict[str, PartRows], dict[str, dict[str, int]]]:
    """The rows of every part: each positive followed by its negatives, in time order.

    A row's group is its click.

    Args:
        log: Events in time order, no two of them equal.
        part: ``[events]`` index of each event's part; -1 for earlier clicks.
        histories: Of the events.
        repeat: ``[events]`` bool, from :func:`find_repeats`.
        params: Histories and negatives.

    Returns:
        By part the rows, and how many events were dropped and why.

    Raises:
        ValueError: If a part would have no row; it names the parameters to change.
    """
    clicks = UserClicks(histories.items)
    assert histories.until is not None  # nosec B101
    leave_out = repeat & (params.repeats == "first")
    least = _MIN_HISTORY if params.min_history is None else params.min_history
    rows: dict[str, PartRows] = {}
    dropped: dict[str, dict[str, int]] = {}
    faults: dict[str, str] = {}
    # What train's rows take does not fit beside the drawing of others.
    for index, name in reversed([*enumerate(PARTS)]):
        events = np.flatnonzero(part == index).astype(np.int32)
        is_short = histories.lengths_of(events) < least
        is_repeat = leave_out[events]
        candidates = events[~is_short & ~is_repeat]
        dropped[name] = {
            "events": len(events),
            "dropped_short_history": int(is_short.sum()),
            "dropped_repeats": int((~is_short & is_repeat).sum()),
        }
        longest = int(histories.lengths_of(events).max(initial=0))
        # Of a long log they don't fit beside what negatives are drawn with.
        del events, is_short, is_repeat
        negatives, as_of = sample_negatives(
            Positives(
                candidates,
                log.user,
                log.item,
                log.timestamp,
                histories.start,
                histories.end,
                histories.until,
                clicks,
            ),
            TakenItems(log.user, log.item, part <= index, log.n_items),
            params,
            np.random.default_rng([params.seed, index]),
        )
        drawn = negatives[:, 0] > 0
        if not drawn.all():
            candidates, negatives = candidates[drawn], negatives[drawn]
            as_of = as_of[drawn]
        dropped[name] |= {
            "dropped_too_few_negatives": int((~drawn).sum()),
            "positives": len(candidates),
        }
        if not candidates.size:
            faults[name] = _explain(name, dropped[name], longest, log, params)
        rows[name] = ClickRows(
            log=log,
            histories=histories,
            events=candidates,
            width=1 + params.negatives_per_positive,
            negatives=negatives,
            as_of=as_of,
        )
    for name in PARTS:
        if name in faults:
            raise ValueError(faults[name])
    in_order = {name: rows[name] for name in PARTS}
    return in_order, {name: dropped[name] for name in PARTS}


def _explain(
    name: str,
    dropped: dict[str, int],
    longest: int,
    log: NumberedLog,
    params: PreparationParams,
) -> str:
    """Say why a part has no row, with which longest history, and what to change."""
    least = _MIN_HISTORY if params.min_history is None else params.min_history
    causes = {
        f"have a history under preparation.min_history={least}": (
            dropped["dropped_short_history"],
            f"set preparation.min_history={longest}" if longest < least else "",
        ),
        f"are repeats under preparation.repeats={params.repeats}": (
            dropped["dropped_repeats"],
            "set preparation.repeats=keep",
        ),
        "have too few items for preparation.negatives_per_positive="
        f"{params.negatives_per_positive}": (
            dropped["dropped_too_few_negatives"],
            "lower preparation.negatives_per_positive"
            if params.negatives_per_positive > 1
            else "",
        ),
    }
    found = ", ".join(f"{count} {why}" for why, (count, _) in causes.items() if count)
    advice = [what for count, what in causes.values() if count and what]
    fraction = "test_fraction" if name == "test" else "valid_fraction"
    verb = "lower" if name == "train" else "raise"
    has_none = least > 0 and not longest
    if not has_none:
        advice.append(f"{verb} preparation.{fraction}")
    n_users = len(np.unique(log.user))
    if n_users <= 2 and dropped["dropped_too_few_negatives"]:
        more = f"; or {', '.join(advice)}" if n_users > 1 else ""
        return (
            f"{name} has no row left: the log has {n_users} user{'s'[: n_users - 1]}, "
            "and negatives are items that other users clicked; give a log of more "
            "users, or of impressions: with a column 'label' (1 clicked, 0 not) no "
            f"negatives are drawn (of {dropped['events']} events {found}){more}"
        )
    said = (
        f"{name} has no row left: of {dropped['events']} events {found}; "
        f"{', '.join(advice)}"
    )
    if has_none:
        said += (
            ", which scores rows by their other fields: a history is the user's clicks "
            f"of earlier times, and no event of {name} has any"
            f"{few_times(log.log_times(), clock=log.clock)}"
        )
    return said
