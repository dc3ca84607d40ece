"""Pictures of a study."""

from typing import Any

import numpy as np

from mmctr.reporting.tuning_page import OBJECTIVES

# Paul Tol's bright scheme, as in the other figures.
_BLUE, _GREY, _RED = "#4477aa", "#bbbbbb", "#ee6677"


def draw_history(tuning: dict[str, Any]) -> Any:
    """Draw the value of every trial in order, and the best so far.

    Args:
        tuning: From :func:`mmctr.experiments.tuning.report.report_trials`.

    Returns:
        A matplotlib figure; a pruned trial stands at its last validation.
    """
    figure, axes = _axes(width=7.0, height=4.2)
    trials = tuning["trials"]
    for state, marker, color, label in (
        ("pruned", "x", _GREY, "pruned, at its last validation"),
        ("complete", "o", _BLUE, "complete"),
    ):
        found = [trial for trial in trials if trial["state"] == state]
        if found:
            axes.plot(
                [trial["number"] for trial in found],
                [trial["value"] for trial in found],
                marker,
                color=color,
                markersize=5,
                label=f"{label} ({len(found)})",
            )
    complete = [trial for trial in trials if trial["state"] == "complete"]
    numbers = [trial["number"] for trial in complete] + [trials[-1]["number"]]
    values = [trial["value"] for trial in complete]
    so_far = np.maximum.accumulate([*values, values[-1]])
    axes.step(numbers, so_far, where="post", color=_RED, lw=1.5, label="best so far")
    lost = [x["number"] for x in trials if x["state"] in ("refused", "stopped")]
    if lost:
        axes.plot(
            lost,
            np.full(len(lost), 0.02),
            "|",
            color="black",
            transform=axes.get_xaxis_transform(),
            label=f"refused or stopped ({len(lost)})",
        )
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{OBJECTIVES[tuning['objective']]} on valid")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def draw_importance(tuning: dict[str, Any]) -> Any:
    """Draw the share of each parameter in what tells good trials from others.

    Args:
        tuning: From :func:`mmctr.experiments.tuning.report.report_trials`.

    Returns:
        A matplotlib figure.
    """
    found = tuning["importance"]
    figure, axes = _axes(width=7.0, height=1.2 + 0.32 * len(found or range(4)))
    if not found:
        axes.text(
            0.5, 0.5, "too few complete trials", ha="center", transform=axes.transAxes
        )
        axes.set_axis_off()
        return figure
    names = list(found)[::-1]
    shares = [found[name] for name in names]
    axes.barh(range(len(names)), shares, color=_BLUE, height=0.6)
    for place, share in enumerate(shares):
        axes.text(share, place, f" {share:.0%}", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlim(0, 1.12 * max(shares))
    axes.set_xlabel(
        f"importance for {OBJECTIVES[tuning['objective']]} on valid (PED-ANOVA)"
    )
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    return figure


def _axes(*, width: float, height: float) -> tuple[Any, Any]:
    # Not pyplot, which keeps every figure in a global list.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
