"""What the report says of the first rows of each group."""

from collections.abc import Mapping
from typing import Any

from mmctr.evaluation.comparison import PRIOR
from mmctr.evaluation.top_k import CUTS, TOP_MEASURES
from mmctr.reporting.blocks import Block, Table, Text
from mmctr.reporting.pages import say
from mmctr.reporting.words import NOTHING, interval, measured, number, plain

_LABELS = {"hit_rate": "hit rate", "ndcg": "NDCG"}


def top_block(part: str, found: Mapping[str, Any]) -> Block:
    """Write hit rate and NDCG of the model and the baselines, or why there are none.

    Args:
        part: Name of the part.
        found: Its metrics.
    """
    groups = {cut: found[f"groups_at_{cut}"] for cut in CUTS}
    if not any(groups.values()):
        return Text(say("no_top", part=part, cut=min(CUTS)))
    labels = [_label(name) for name in TOP_MEASURES]
    rows = [["model", *(measured(found, x) for x in TOP_MEASURES)]]
    rows[0] += [NOTHING] * len(TOP_MEASURES)
    for name, baseline in found["baselines"].items():
        if baseline is None or name == PRIOR:
            continue
        values = [number(baseline[measure]) for measure in TOP_MEASURES]
        for measure in TOP_MEASURES:
            values.append(interval(baseline[f"{measure}_difference"], sign="+"))
        rows.append([plain(name), *values])
    header = ("", *labels, *(f"model minus it: {label}" for label in labels))
    title = f"{part.capitalize()}: the first rows of each group"
    return Table(title, header, rows, strong=1, note=say("about_top", groups=groups))


def _label(measure: str) -> str:
    name, _, cut = measure.partition("_at_")
    return f"{_LABELS[name]} at {cut}"
