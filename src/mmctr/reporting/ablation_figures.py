"""Pictures of an ablation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # matplotlib takes a second to import
    from matplotlib.axes import Axes

# Paul Tol's bright scheme, which tells kinds apart for every eye.
_COLORS = {
    "none": "#bbbbbb",
    "continuous": "#ee6677",
    "similarity": "#ccbb44",
    "codes": "#4477aa",
}
_CODE_LINES = ("#4477aa", "#228833", "#aa3377")
_DASHES = ("-", "--", "-.", ":")
_MARKERS = "osD^vP*X"


def draw_increments(details: dict[str, Any]) -> Any:
    """Draw the gAUC of every arm minus that of control and rival, with intervals.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.

    Returns:
        A matplotlib figure, a panel each.
    """
    others = [x for x in (details["control"], details["rival"]) if x is not None]
    others = list(dict.fromkeys(others))
    arms = sorted(details["arms"], key=lambda arm: arm["gauc_mean"] or 0)
    figure, panels = _panels(len(others), height=1.4 + 0.32 * len(arms))
    for axes, other in zip(panels, others, strict=True):
        for place, arm in enumerate(arms):
            found = arm["against"][other]["gauc"]
            if found["delta"] is None:
                continue
            color = _COLORS[arm["kind"]]
            if arm["name"] != other and found["low"] is not None:
                axes.plot([found["low"], found["high"]], [place] * 2, color=color, lw=2)
            filled = "white" if arm["name"] == other else color
            axes.plot(
                found["delta"],
                place,
                "o",
                color=color,
                markerfacecolor=filled,
                markersize=6,
            )
        axes.axvline(0, color="black", lw=0.8, zorder=0)
        axes.set_title(f"minus {other}", fontsize=10)
        axes.set_xlabel(f"gAUC on test, paired {details['confidence']:.0%} intervals")
        axes.locator_params(axis="x", nbins=5)
        axes.set_yticks(range(len(arms)), [arm["name"] for arm in arms])
        axes.set_ylim(-0.6, len(arms) - 0.4)
        axes.grid(axis="x", alpha=0.3)
    for axes in panels[1:]:
        axes.set_yticklabels([])
    return figure


def draw_learning(details: dict[str, Any]) -> Any:
    """Draw gAUC on valid against steps: without content, continuous, and codes.

    Of the code arms the three best on valid are drawn. A line a seed; a dot marks
    the validation at which 99 % of its final AUC is reached.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.

    Returns:
        A matplotlib figure.
    """
    figure, (axes,) = _panels(1, width=7.0, height=4.2)
    for arm, color, dashes in _drawn(details["arms"]):
        for number, curve in enumerate(arm["curves"]):
            values = [np.nan if value is None else value for value in curve["gauc"]]
            label = arm["name"] if number == 0 else None
            axes.plot(
                curve["step"],
                values,
                dashes,
                color=color,
                lw=1.3,
                alpha=0.8,
                label=label,
            )
            near = curve["near"]
            axes.plot(curve["step"][near], values[near], "o", color=color, markersize=5)
    axes.set_xlabel("steps of training")
    axes.set_ylabel("gAUC on valid")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="best", frameon=False)
    return figure


def draw_rate_distortion(details: dict[str, Any]) -> Any:
    """Draw what each quantiser keeps of the vectors against the bits it takes.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.

    Returns:
        A matplotlib figure, a panel a modality.
    """
    modalities = [
        name
        for name in ("title", "image")
        if any(found[name] for found in details["codes"].values())
    ]
    figure, panels = _panels(max(len(modalities), 1), height=3.8)
    if not modalities:
        panels[0].text(0.5, 0.5, "no arm has codes", ha="center", va="center")
        panels[0].set_axis_off()
    for axes, modality in zip(panels, modalities, strict=False):
        for place, found in enumerate(details["codes"].values()):
            health = found[modality]
            if not health or health["r2"] is None:
                continue
            axes.plot(
                health["bits_per_item"],
                health["r2"],
                _MARKERS[place % len(_MARKERS)],
                color=f"C{place}",
                markersize=7,
                label=f"{found['method']} {health['positions']}x"
                f"{health['codebook_size']}",
            )
        bits = sorted(
            {
                found[modality]["bits_per_item"]
                for found in details["codes"].values()
                if found[modality]
            }
        )
        axes.set_xscale("log")
        axes.set_xticks(bits, [f"{each:,.0f}" for each in bits])
        axes.set_xticks([], minor=True)
        axes.set_title(modality, fontsize=10)
        axes.set_xlabel("bits an item")
        axes.set_ylabel("R2 of the decoded vectors")
        axes.grid(alpha=0.3)
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(
            handles,
            labels,
            loc="outside lower center",
            ncols=4,
            fontsize=8,
            frameon=False,
        )
    return figure


def _drawn(arms: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], str, str]]:
    """Arms with color and dashes; the second of one kind and color is dashed."""

    def best_on_valid(arm: dict[str, Any]) -> float:
        peaks = [max(x or 0 for x in curve["gauc"]) for curve in arm["curves"]]
        return float(np.mean(peaks))

    codes = [arm for arm in arms if arm["kind"] == "codes"]
    best = sorted(codes, key=best_on_valid, reverse=True)[: len(_CODE_LINES)]
    plain: list[tuple[dict[str, Any], str, str]] = []
    for arm in (arm for arm in arms if arm["kind"] != "codes"):
        color = _COLORS[arm["kind"]]
        before = sum(color == other for _, other, _ in plain)
        plain.append((arm, color, _DASHES[before % len(_DASHES)]))
    solid = _DASHES[0]
    return plain + [
        (arm, color, solid) for arm, color in zip(best, _CODE_LINES, strict=False)
    ]


def _panels(
    count: int, *, width: float = 4.6, height: float
) -> tuple[Any, Sequence["Axes"]]:
    # Not pyplot, which keeps every figure in a global list.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * count, height), layout="constrained")
    panels = figure.subplots(1, count, squeeze=False)[0]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, panels
