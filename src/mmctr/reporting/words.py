"""Numbers as the report, the model card and the pages write them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

NOTHING = "-"
"""Stands for an undefined number."""


def number(value: float | None, digits: int = 4, *, sign: str = "") -> str:
    """Write a number with the given digits after the point."""
    return NOTHING if value is None else f"{value:{sign}.{digits}f}"


def count(value: float | None) -> str:
    """Write a whole number."""
    return NOTHING if value is None else f"{value:,.0f}"


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share in percent."""
    return NOTHING if value is None else f"{value * 100:.{digits}f} %"


def interval(
    ends: Sequence[float | None] | None, digits: int = 4, *, sign: str = ""
) -> str:
    """Write the two ends of an interval."""
    if ends is None:
        return f"[{NOTHING}]"
    return f"[{', '.join(number(end, digits, sign=sign) for end in ends)}]"


def with_interval(
    value: float | None, ends: Sequence[float] | None, digits: int = 4
) -> str:
    """Write a number with its interval; without a number there is no interval."""
    if value is None:
        return NOTHING
    return f"{number(value, digits)} {interval(ends, digits)}"


def measured(found: Mapping[str, Any], name: str, digits: int = 4) -> str:
    """Write a measure whose interval has the same name with ``_interval``."""
    return with_interval(found[name], found[f"{name}_interval"], digits)


def with_sd(mean: float | None, spread: float | None) -> str:
    """Write a mean with its standard deviation."""
    if mean is None or spread is None:
        return number(mean)
    return f"{number(mean)} ± {number(spread)}"


def difference(found: Mapping[str, Any]) -> str:
    """Write a paired difference, ``delta`` with ``low`` and ``high``."""
    ends = interval((found["low"], found["high"]), sign="+")
    return f"{number(found['delta'], sign='+')} {ends}"


def seconds(value: float | None) -> str:
    """Write a duration in hours, minutes and seconds."""
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


def utc(seconds_since_1970: int) -> str:
    """Write unix seconds as a date with a time of the day."""
    return moment(datetime.fromtimestamp(seconds_since_1970, UTC).isoformat())


def plain(name: str) -> str:
    """Write an identifier as words."""
    return name.replace("_", " ")


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def cell(value: object) -> str:
    """Write a parameter's value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(cell(each) for each in value)}]"
    return str(value)


WRITERS = (count, interval, listed, measured, number, percent, plain, seconds)
WRITERS += (with_interval,)
"""What templates use as filters."""
