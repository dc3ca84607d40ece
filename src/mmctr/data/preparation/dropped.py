"""How much of a log does not become rows, and why."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmctr.data.preparation.numbered_log import NumberedLog
from mmctr.data.preparation.part_rows import PartRows

_SHORT = "short history"

logger = logging.getLogger(__name__)

WARNED_SHARE = 0.01
"""From this share on, a warning says what was dropped."""


def dropped_share(
    log: NumberedLog, parts: dict[str, PartRows], counts: dict[str, dict[str, int]]
) -> dict[str, dict[str, Any]]:
    """Count events, users and items that are in no row, and warn if they are many.

    What a parameter asks for, as ``negative_keep``, is not counted.

    Args:
        log: Every event of known items but those equal to others, and dropped repeats.
        parts: The rows.
        counts: By part, how many events were dropped and why.

    Returns:
        For ``events``, ``users`` and ``items`` of the log: ``dropped``, ``of``,
        ``share`` and, by cause, ``why``.
    """
    equal = 0 if log.label is not None else log.copies
    repeats = log.read - log.unknown_rows - equal - int(log.in_log.sum())
    causes = {
        "unknown item": log.unknown_rows,
        "equal events": equal,
        "repeats": repeats,
    }
    for cause, key in (
        (_SHORT, "dropped_short_history"),
        ("repeats", "dropped_repeats"),
        ("too few negatives", "dropped_too_few_negatives"),
    ):
        causes[cause] = causes.get(cause, 0) + sum(
            part.get(key, 0) for part in counts.values()
        )
    causes = {cause: count for cause, count in causes.items() if count}
    has_events, has_rows = log.has_events(), np.zeros(len(log.user_ids), bool)
    for rows in parts.values():
        has_rows[rows.log.user[rows.eligible]] = True
    lost = int((has_events & ~has_rows).sum())
    found = {
        "events": _share(sum(causes.values()), log.read, causes),
        "users": _share(lost, int(has_events.sum()), {"no row": lost} if lost else {}),
        "items": _share(
            log.unknown_items,
            log.unknown_items + log.count_items(),
            {"unknown item": log.unknown_items} if log.unknown_items else {},
        ),
    }
    for name, each in found.items():
        _warn(name, each)
    return found


def _warn(name: str, found: Mapping[str, Any]) -> None:
    # A click without a row for its short history is in the histories of others.
    causes = {why: count for why, count in found["why"].items() if why != _SHORT}
    count = sum(causes.values())
    if count >= WARNED_SHARE * found["of"]:
        named = ", ".join(f"{why}: {each:,}" for why, each in causes.items())
        logger.warning(
            "%s of the %s %s of the log are in no row (%s)",
            f"{count:,}",
            f"{found['of']:,}",
            name,
            named,
        )


def _share(count: int, of: int, why: dict[str, int]) -> dict[str, Any]:
    return {"dropped": count, "of": of, "share": round(count / of, 6), "why": why}
