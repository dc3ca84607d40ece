"""The report's figures; each draws numbers that an artifact holds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmctr.reporting.figures import (
    BLUE,
    FAINT,
    GOLD,
    GREEN,
    INK,
    PURPLE,
    RED,
    IntervalRow,
    draw_bars,
    draw_intervals,
    draw_positions,
    legend_below,
    new_panels,
    styled,
    with_nan,
)
from mmctr.reporting.sentences import has_enough_rows


@styled
def draw_training(history: dict[str, Any]) -> Any:
    """Draw AUC and gAUC, and below them logloss, on valid against steps.

    Of several trainings the first; the others are thin.

    Args:
        history: From :func:`mmctr.pipelines.ctr_modeling.nodes.train_model`.
    """
    entries = history["validations"]
    steps = [entry["step"] for entry in entries]
    figure, (upper, lower) = new_panels(2, height=3.9, stacked=True, sharex=True)
    for axes, name, label, color in (
        (upper, "auc", "AUC", BLUE),
        (upper, "gauc", "gAUC", RED),
        (lower, "logloss", "logloss", GREEN),
    ):
        values = with_nan([entry[name] for entry in entries])
        if not np.isnan(values).all():
            axes.plot(steps, values, "o-", ms=3.5, lw=1.5, color=color, label=label)
        for other in history.get("seeds", [])[1:]:
            course = other["validations"]
            values = with_nan([entry[name] for entry in course])
            places = [entry["step"] for entry in course]
            axes.plot(places, values, lw=0.6, color=color, alpha=0.5)
        axes.grid(True, axis="y")
    for axes in (upper, lower):
        axes.axvline(history["best_step"], color=FAINT, lw=1, ls="--", zorder=0)
        axes.legend(loc="best")
    lower.set_xlabel("training steps; dashed: the weights that are kept")
    lower.locator_params(axis="x", integer=True, nbins=6)
    return figure


@styled
def draw_differences(metrics: dict[str, Any], measure: str, label: str) -> Any:
    """Draw model minus baseline with its interval, one line per baseline.

    Args:
        metrics: Of one part.
        measure: ``auc`` or ``gauc``.
        label: Its name.
    """
    own = metrics[measure]
    rows = [
        IntervalRow(
            name.replace("_", " "), own - found[measure], found[f"{measure}_difference"]
        )
        for name, found in metrics["baselines"].items()
        if found and found[measure] is not None and own is not None
    ]
    figure, (axes,) = new_panels(height=1.1 + 0.34 * max(len(rows), 1))
    label = f"{label} of the model minus that of the baseline"
    draw_intervals(axes, rows, label=label, line=0)
    return figure


@styled
def draw_roc(roc: dict[str, Any]) -> Any:
    """Draw the model's ROC curve with its band, and the baselines' curves.

    Args:
        roc: Of the details of :func:`mmctr.evaluation.evaluate`.
    """
    grid = roc["false_positive_rate"]
    figure, (axes,) = new_panels(height=4.3)
    axes.plot([0, 1], [0, 1], color=FAINT, lw=1, ls="--")
    low, high, found = (
        with_nan(roc[name]) for name in ("low", "high", "true_positive_rate")
    )
    axes.fill_between(grid, low, high, color=BLUE, alpha=0.25, lw=0)
    axes.plot(grid, found, color=BLUE, lw=1.8, label="model")
    colors, dashes = (RED, GREEN, GOLD, PURPLE, INK), ("-", "--", "-.", ":", "-")
    styles = zip(colors, dashes, strict=True)
    known = {name: curve for name, curve in roc["baselines"].items() if curve}
    for (name, curve), (color, dash) in zip(known.items(), styles, strict=False):
        label = name.replace("_", " ")
        axes.plot(grid, with_nan(curve), dash, color=color, lw=1.1, label=label)
    axes.set(xlim=(0, 1), ylim=(0, 1.01), aspect="equal")
    axes.set_xlabel("share of rows without a click that pass")
    axes.set_ylabel("share of clicks found")
    axes.grid()
    axes.legend(loc="lower right")
    return figure


@styled
def draw_calibration(
    bins: Sequence[dict[str, Any]], raw: Sequence[dict[str, Any]]
) -> Any:
    """Draw click rate against mean probability, a dot and an interval per bin.

    Args:
        bins: Of the details of :func:`mmctr.evaluation.evaluate`.
        raw: Those before calibration; drawn lighter, where they differ.
    """
    figure, (axes,) = new_panels(height=4.3)
    places = [each["mean_probability"] for each in bins]
    before = [each["mean_probability"] for each in raw]
    is_calibrated = before != places
    reach = places + before
    room = 0.05 * (max(reach) - min(reach)) or 0.01
    reach = [min(reach) - room, max(reach) + room]
    axes.plot(reach, reach, color=FAINT, lw=1, ls="--", label="as predicted")
    if is_calibrated:
        rates = [each["click_rate"] for each in raw]
        label = "before calibration"
        axes.plot(before, rates, "o-", ms=3, lw=1, color=RED, alpha=0.5, label=label)
    for each in bins:
        if each["interval"]:
            ends = each["interval"]
            axes.plot([each["mean_probability"]] * 2, ends, color=BLUE, lw=1.6)
    rates = [each["click_rate"] for each in bins]
    axes.plot(places, rates, "o", ms=4.5, color=BLUE, label="bin of equal mass")
    axes.set_xlim(*reach)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("mean predicted probability")
    axes.set_ylabel("click rate")
    axes.grid()
    axes.legend(loc="upper left")
    return figure


@styled
def draw_slices(
    slices: Sequence[dict[str, Any]], whole: float | None, label: str
) -> Any:
    """Draw the AUC of slices with intervals, beside that of all rows; small ones grey.

    Args:
        slices: Some of the details' slices.
        whole: AUC of all rows.
        label: What the names of the slices count.
    """
    rows = [
        IntervalRow(
            f"{each['name']}  (n {each['rows']:,})",
            each["auc"],
            each["auc_interval"],
            BLUE if has_enough_rows(each) else FAINT,
            hollow=not has_enough_rows(each),
        )
        for each in slices
    ]
    figure, (axes,) = new_panels(height=1.2 + 0.3 * max(len(rows), 1))
    draw_intervals(axes, rows, label="AUC; dashed: all rows", line=whole)
    axes.set_ylabel(label)
    return figure


@styled
def draw_codes(codebook: dict[str, Any]) -> Any:
    """Draw how much of its codebook each position uses, by modality.

    Args:
        codebook: Health by modality, None where there is none.
    """
    figure, (axes,) = new_panels(height=3.2)
    draw_positions(
        axes,
        {
            name: [x["perplexity"] / health["codebook_size"] for x in health["levels"]]
            for name, health in codebook.items()
            if health
        },
    )
    axes.set_ylabel("perplexity over codebook size")
    legend_below(figure)
    return figure


@styled
def draw_times(nodes: dict[str, dict[str, Any]]) -> Any:
    """Draw the seconds of nodes.

    Args:
        nodes: By name, each with ``seconds``; in the order to draw them.
    """
    figure, (axes,) = new_panels(height=0.9 + 0.26 * max(len(nodes), 1))
    seconds = {name: node["seconds"] for name, node in nodes.items()}
    draw_bars(axes, seconds, label="seconds", text="{:,.1f}")
    return figure
