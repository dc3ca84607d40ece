"""Numbers as the report and the model card write them."""

from collections.abc import Sequence
from datetime import datetime

NOTHING = "–"
"""Stands where a number is undefined."""


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with so many digits after the point."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 4) -> str:
    """The same, with its sign."""
    return NOTHING if value is None else f"{value:+.{digits}f}"


def count(value: float | None) -> str:
    """Write how many."""
    return NOTHING if value is None else f"{value:,.0f}"


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share."""
    return NOTHING if value is None else f"{value * 100:.{digits}f} %"


def interval(ends: Sequence[float] | None, digits: int = 4, sign: str = "") -> str:
    """Write the two ends of an interval."""
    if ends is None:
        return "[–]"
    return f"[{ends[0]:{sign}.{digits}f}, {ends[1]:{sign}.{digits}f}]"


def with_interval(
    value: float | None, ends: Sequence[float] | None, digits: int = 4
) -> str:
    """Write a number with its interval; without a number there is no interval."""
    if value is None:
        return NOTHING
    return f"{number(value, digits)} {interval(ends, digits)}"


def seconds(value: float | None) -> str:
    """Write a time as people say it."""
    if value is None:
        return NOTHING
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def moment(at: str | None) -> str:
    """Write a time stamp of the manifest, to the minute, with its offset to UTC."""
    if at is None:
        return NOTHING
    stamp = datetime.fromisoformat(at)
    return f"{stamp:%Y-%m-%d %H:%M} UTC{stamp:%z}".removesuffix("+0000")


def listed(names: Sequence[str], last: str = "and") -> str:
    """Join names as a sentence does."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def cell(value: object) -> str:
    """Write a parameter's value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(cell(each) for each in value)}]"
    return str(value)
