"""Figures of an ablation."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np

from mmctr.reporting.figures import (
    BLUE,
    COLORS,
    FAINT,
    GOLD,
    GREEN,
    PURPLE,
    RED,
    IntervalRow,
    draw_intervals,
    legend_below,
    new_panels,
    styled,
    with_nan,
    write_instead,
)

_COLORS = {
    "none": FAINT,
    "continuous": RED,
    "similarity": GOLD,
    "codes": BLUE,
    "project": BLUE,
    "trees": GREEN,
    "mean": PURPLE,
}
_CODE_LINES = (BLUE, GREEN, PURPLE)
_DASHES = ("-", "--", "-.", ":")
_MARKERS = "osD^vP*X"


def compared_with(details: dict[str, Any]) -> list[str]:
    """Name the arms that the others are compared with: control and rival."""
    others = dict.fromkeys((details["control"], details["rival"]))
    return [name for name in others if name is not None]


def draw_increments(details: dict[str, Any]) -> Any:
    """Draw the gAUC of every arm minus that of control and rival, with intervals.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.

    Returns:
        A matplotlib figure, one panel each.
    """
    return draw_minus(details, compared_with(details))


@styled
def draw_minus(details: dict[str, Any], others: Sequence[str]) -> Any:
    """Draw the gAUC of every arm minus that of others, with intervals.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.
        others: Arms to subtract, one panel each.

    Returns:
        A matplotlib figure; the arm that is subtracted is hollow.
    """
    arms = sorted(details["arms"], key=lambda arm: -(arm["gauc_mean"] or 0))
    figure, panels = new_panels(len(others), height=1.4 + 0.32 * len(arms))
    for axes, other in zip(panels, others, strict=True):
        rows = []
        for arm in arms:
            found = arm["against"][other]["gauc"]
            itself = arm["name"] == other
            unknown = itself or found["low"] is None
            ends = None if unknown else (found["low"], found["high"])
            color = _COLORS[arm["kind"]]
            rows.append(IntervalRow(arm["name"], found["delta"], ends, color, itself))
        share = f"{details['confidence']:.0%}"
        draw_intervals(axes, rows, label=f"gAUC, paired {share} intervals", line=0)
        axes.set_title(f"minus {other}")
    for axes in panels[1:]:
        axes.set_yticklabels([])
    return figure


@styled
def draw_learning(details: dict[str, Any]) -> Any:
    """Draw gAUC on valid against steps: without content, continuous, and codes.

    Of the code arms the three best on valid are drawn. One line per seed; a dot marks
    the validation at which 99 % of its final AUC is reached.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.

    Returns:
        A matplotlib figure.
    """
    figure, (axes,) = new_panels(width=7.0, height=4.2)
    for arm, color, dashes in _drawn(details["arms"]):
        for number, curve in enumerate(arm["curves"]):
            steps, values = curve["step"], with_nan(curve["gauc"])
            label = arm["name"] if number == 0 else None
            looks = {"color": color, "lw": 1.3, "alpha": 0.8}
            axes.plot(steps, values, dashes, label=label, **looks)
            near = curve["near"]
            axes.plot(steps[near], values[near], "o", color=color, markersize=5)
    axes.set_xlabel("training steps")
    axes.set_ylabel("gAUC on valid")
    axes.grid()
    axes.legend(loc="best")
    return figure


@styled
def draw_rate_distortion(details: dict[str, Any]) -> Any:
    """Draw what each quantiser keeps of the vectors against the bits it takes.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.

    Returns:
        A matplotlib figure, one panel per modality.
    """
    quantisers = list(details["codes"].values())
    names = dict.fromkeys(x for found in quantisers for x in found["modalities"])
    modalities = [
        name for name in names if any(found["modalities"][name] for found in quantisers)
    ]
    figure, panels = new_panels(max(len(modalities), 1), height=3.8)
    if not modalities:
        write_instead(panels[0], "no arm has codes")
        return figure
    for axes, modality in zip(panels, modalities, strict=True):
        bits = set()
        for place, found in enumerate(quantisers):
            health = found["modalities"][modality]
            if not health:
                continue
            bits.add(health["bits_per_item"])
            if health["r2"] is not None:
                axes.plot(
                    health["bits_per_item"],
                    health["r2"],
                    _MARKERS[place % len(_MARKERS)],
                    color=COLORS[place % len(COLORS)],
                    markersize=7,
                    label=f"{found['method']} {health['positions']}x"
                    f"{health['codebook_size']}",
                )
        axes.set_xscale("log")
        axes.set_xticks(sorted(bits), [f"{each:,.0f}" for each in sorted(bits)])
        axes.set_xticks([], minor=True)
        axes.set_title(modality)
        axes.set_xlabel("bits per item")
        axes.set_ylabel("R2 of the decoded vectors")
        axes.grid()
    legend_below(figure, columns=4)
    return figure


def _drawn(arms: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], str, str]]:
    """Choose trained arms, colours and dashes; the second of a colour is dashed."""

    def best_on_valid(arm: dict[str, Any]) -> float:
        peaks = [max(x or 0 for x in curve["gauc"]) for curve in arm["curves"]]
        return float(np.mean(peaks))

    codes = [arm for arm in arms if arm["kind"] == "codes"]
    best = sorted(codes, key=best_on_valid, reverse=True)[: len(_CODE_LINES)]
    plain: list[tuple[dict[str, Any], str, str]] = []
    of_project = cycle(COLORS)
    for arm in (arm for arm in arms if arm["curves"] and arm["kind"] != "codes"):
        kind = arm["kind"]
        color = next(of_project) if kind == "project" else _COLORS[kind]
        before = sum(color == other for _, other, _ in plain)
        plain.append((arm, color, _DASHES[before % len(_DASHES)]))
    solid = _DASHES[0]
    return plain + [
        (arm, color, solid) for arm, color in zip(best, _CODE_LINES, strict=False)
    ]
