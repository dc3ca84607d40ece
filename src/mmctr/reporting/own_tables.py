"""What the report says of metrics of one's own."""

from collections.abc import Mapping
from typing import Any

from mmctr.reporting.blocks import Table
from mmctr.reporting.words import NOTHING, interval, number, plain, with_interval


def own_tables(part: str, found: Mapping[str, Any]) -> list[Table]:
    """Write own metrics of the model and the baselines; none where there are none.

    Args:
        part: Name of the part.
        found: Its metrics.
    """
    own = found.get("own", {})
    if not own:
        return []
    measured = [with_interval(x["value"], x["interval"]) for x in own.values()]
    rows = [["model", *measured, *[NOTHING] * len(own)]]
    for name, baseline in found["baselines"].items():
        theirs = (baseline or {}).get("own")
        if theirs is not None:
            values = [number(each["value"]) for each in theirs.values()]
            minus = [interval(x["difference"], sign="+") for x in theirs.values()]
            rows.append([plain(name), *values, *minus])
    labels = [plain(name) for name in own]
    header = ("", *labels, *(f"model minus it: {label}" for label in labels))
    return [Table(f"{part.capitalize()}: own metrics", header, rows, strong=1)]
