"""Figures of a study."""

from typing import Any

import numpy as np

from mmctr.reporting.figures import (
    BLUE,
    FAINT,
    INK,
    RED,
    draw_bars,
    legend_below,
    new_panels,
    styled,
    write_instead,
)
from mmctr.reporting.tuning_page import OBJECTIVES

_STATES = (
    ("pruned", "x", FAINT, "pruned, at its last validation"),
    ("complete", "o", BLUE, "complete"),
)


@styled
def draw_history(tuning: dict[str, Any]) -> Any:
    """Draw the value of every trial in order, and the best so far.

    Args:
        tuning: From :func:`mmctr.experiments.tuning.report.report_trials`.

    Returns:
        A matplotlib figure; a pruned trial is drawn at its last validation.
    """
    figure, (axes,) = new_panels(width=7.0, height=4.2)
    trials = tuning["trials"]
    by_state = {
        state: [trial for trial in trials if trial["state"] == state]
        for state, *_ in _STATES
    }
    for state, marker, color, label in _STATES:
        if found := by_state[state]:
            axes.plot(
                [trial["number"] for trial in found],
                [trial["value"] for trial in found],
                marker,
                color=color,
                markersize=5,
                label=f"{label} ({len(found)})",
            )
    complete = by_state["complete"]
    numbers = [trial["number"] for trial in complete] + [trials[-1]["number"]]
    values = [trial["value"] for trial in complete]
    so_far = np.maximum.accumulate([*values, values[-1]])
    axes.step(numbers, so_far, where="post", color=RED, lw=1.5, label="best so far")
    lost = [x["number"] for x in trials if x["state"] in ("refused", "stopped")]
    if lost:
        axes.plot(
            lost,
            np.full(len(lost), 0.02),
            "|",
            color=INK,
            transform=axes.get_xaxis_transform(),
            label=f"refused or stopped ({len(lost)})",
        )
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{OBJECTIVES[tuning['objective']]} on valid")
    axes.locator_params(axis="x", integer=True)
    axes.grid()
    legend_below(figure, columns=4)
    return figure


@styled
def draw_importance(tuning: dict[str, Any]) -> Any:
    """Draw each parameter's share in what separates good trials from others.

    Args:
        tuning: From :func:`mmctr.experiments.tuning.report.report_trials`.

    Returns:
        A matplotlib figure.
    """
    found = tuning["importance"]
    figure, (axes,) = new_panels(width=7.0, height=1.2 + 0.32 * len(found or range(4)))
    if not found:
        write_instead(axes, "too few complete trials")
        return figure
    label = f"importance for {OBJECTIVES[tuning['objective']]} on valid (PED-ANOVA)"
    draw_bars(axes, found, label=label, text="{:.0%}")
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    return figure
