"""The forest plot of the evidence over several logs."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from mmctr.reporting.ablation_page import LABELS
from mmctr.reporting.figures import (
    COLORS,
    FAINT,
    INK,
    legend_below,
    name_rows,
    new_grid,
    styled,
    write_instead,
)

if TYPE_CHECKING:  # matplotlib is slow to import
    from matplotlib.axes import Axes

_REACH = 0.3
"""Half the height of a row's band; its logs and the combined value share it."""


@styled
def draw_forest(evidence: dict[str, Any]) -> Any:
    """Draw every log's difference as a square, and the combined one as a diamond.

    Args:
        evidence: From :func:`mmctr.experiments.evidence.report.combine_logs`.

    Returns:
        A matplotlib figure: a column of panels per measure, a row of panels per group
        of pairs with one scale; diamonds that don't hold are hollow.
    """
    groups = _groups(evidence)
    band = 0.32 + 0.14 * len(evidence["logs"])
    heights = [0.5 + band * len(pairs) for pairs in groups] or [1.0]
    figure, panels = new_grid(heights, len(LABELS), width=4.2)
    if not groups:
        write_instead(panels[0][0], "no difference is on two logs")
        for axes in panels[0][1:]:
            axes.set_axis_off()
        return figure
    for row, pairs in zip(panels, groups, strict=True):
        for axes, (measure, label) in zip(row, LABELS.items(), strict=True):
            found = {
                (each["arm"], each["other"]): each
                for each in evidence["results"]
                if each["measure"] == measure
            }
            _draw(axes, [found.get(pair) for pair in pairs], evidence["logs"])
            name_rows(axes, [f"{arm}\nminus {other}" for arm, other in pairs])
            axes.set_xlabel(label)
            axes.grid(axis="x")
        for axes in row[1:]:
            axes.set_yticklabels([])
    legend_below(figure, columns=len(evidence["logs"]) + 1)
    return figure


def _groups(evidence: dict[str, Any]) -> list[list[tuple[str, str]]]:
    """Pairs in order: first those that no arm is compared with in common."""
    pairs = dict.fromkeys((each["arm"], each["other"]) for each in evidence["results"])

    def group(pair: tuple[str, str]) -> str:
        arm, other = pair
        return arm if arm == "model" else other

    return [list(found) for _, found in groupby(pairs, key=group)]


def _draw(
    axes: "Axes", results: Sequence[dict[str, Any] | None], logs: Sequence[str]
) -> None:
    if not any(results):
        write_instead(axes, "on fewer than two logs")
        return
    axes.axvline(0, color=FAINT, lw=1.2, ls="--", zorder=0)
    *places, last = np.linspace(-_REACH, _REACH, len(logs) + 1)
    for number, (log, offset) in enumerate(zip(logs, places, strict=True)):
        there = [
            (row + offset, found)
            for row, result in enumerate(results)
            for found in (result["logs"] if result else ())
            if found["log"] == log
        ]
        color = COLORS[number % len(COLORS)]
        heights = [height for height, _ in there]
        axes.hlines(
            heights,
            [found["low"] for _, found in there],
            [found["high"] for _, found in there],
            color=color,
            lw=1.5,
        )
        deltas = [found["delta"] for _, found in there]
        axes.plot(deltas, heights, "s", ms=4.5, color=color, label=log)
    label: str | None = "combined (filled: holds)"
    for row, result in enumerate(results):
        if result is None:
            continue
        delta, low, high = (result["random"][x] for x in ("delta", "low", "high"))
        middle, half = row + last, 0.11
        axes.fill(
            [low, delta, high, delta],
            [middle, middle - half, middle, middle + half],
            facecolor=INK if result["holds"] else "none",
            edgecolor=INK,
            lw=1,
            label=label,
        )
        label = None
