"""What is said of the fields: how full they are, and what leaks."""

from typing import Any

from mmctr.reporting.blocks import Block, Table, Text
from mmctr.reporting.pages import say
from mmctr.reporting.words import NOTHING, count, number, percent

_PARTS = ("train", "valid", "test")

_CHANCE = 0.05
_MANY_KNOWN = 0.5

_LEAKS = {
    "item": "such items are clicked more, by anybody",
    "user": "such users click more, whatever is shown",
    "row": "the row was shown otherwise, or it is known only after the click",
}
_PLACES = ("position", "rank", "slot")
_TIMES = ("hour", "weekday")


def field_blocks(report: dict[str, Any], audit: dict[str, Any]) -> list[Block]:
    """Show every field, and what each alone says of the clicks.

    Args:
        report: ``preparation.json``.
        audit: ``audit.json``.
    """
    blocks: list[Block] = []
    if any(audit[part]["fields"] for part in _PARTS):
        blocks.append(_fields(audit))
    if report["log"] and "user_id" not in audit["train"]["fields"]:
        known = audit["test"]["known_user_share"]
        is_high = users_return(report, audit)
        blocks.append(Text(say("known_users", share=known, is_high=is_high)))
    return blocks


def users_return(report: dict[str, Any], audit: dict[str, Any]) -> bool:
    """Whether users are no field of a log, and most rows of test are of known ones."""
    if not report["log"] or "user_id" in audit["train"]["fields"]:
        return False
    return bool(audit["test"]["known_user_share"] >= _MANY_KNOWN)


def _fields(audit: dict[str, Any]) -> Table:
    found = {part: audit[part]["fields"] for part in _PARTS}

    def auc_in(part: str) -> Any:
        return lambda name: number(found[part][name]["auc"], 3)

    return Table.of_records(
        "Fields",
        found["train"],
        {
            "field": lambda name: name,
            "side": lambda name: found["train"][name]["side"],
            "kind": lambda name: found["train"][name]["kind"],
            "far from chance, it may mean": lambda name: leak_of(
                name, found["train"][name]["side"], _largest(found, name)
            ),
            "values": lambda name: count(found["train"][name]["values"]),
            "missing in train": lambda name: percent(
                found["train"][name]["shares"]["missing"]
            ),
            "rare in train": lambda name: percent(
                found["train"][name]["shares"]["rare"]
            ),
            "unknown in test": lambda name: percent(
                found["test"][name]["shares"]["unknown"]
            ),
            **{f"AUC {part}": auc_in(part) for part in _PARTS},
            "of the number, test": lambda name: number(
                found["test"][name]["auc_value"], 3
            ),
        },
        words=4,
        note=say("about_fields"),
    )


def leak_of(name: str, side: str, auc: float | None) -> str:
    """Say what it may mean that a field alone predicts clicks; - where it does not.

    Args:
        name: Of the field.
        side: Whose it is.
        auc: Of the field alone.
    """
    if auc is None or abs(auc - 0.5) <= _CHANCE:
        return NOTHING
    if any(place in name.lower() for place in _PLACES):
        return "what stood there was clicked more, whatever it was"
    if name in _TIMES:
        return "clicks are at other times than the rest"
    return _LEAKS[side]


def _largest(found: dict[str, Any], name: str) -> float | None:
    """The AUC of valid or test that is farthest from chance."""
    known = [found[part][name]["auc"] for part in _PARTS[1:]]
    known = [auc for auc in known if auc is not None]
    return max(known, key=lambda auc: abs(auc - 0.5), default=None)
