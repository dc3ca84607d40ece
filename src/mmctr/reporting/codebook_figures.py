"""Pictures of the codebooks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # matplotlib takes a second to import
    from matplotlib.axes import Axes

_BLUE, _ORANGE = "#4477aa", "#ee7733"
# More positions than this are drawn as lines.
_BARS = 32


def draw_codebook_usage(codebook: dict[str, Any]) -> Any:
    """Draw how much of its codebook each level or position uses.

    Args:
        codebook: Health by modality, None where there is none.

    Returns:
        A matplotlib figure, one panel a modality.
    """
    figure, panels = _panels(len(codebook))
    for axes, (modality, health) in zip(panels, codebook.items(), strict=True):
        axes.set_title(modality)
        if health is None:
            _say_absent(axes)
            continue
        levels, size = health["levels"], health["codebook_size"]
        shares = {
            "codewords in use": [level["usage"] for level in levels],
            "perplexity": [level["perplexity"] / size for level in levels],
        }
        _draw_levels(axes, shares)
        axes.set_xlabel("level or position of the code")
        axes.set_ylabel(f"share of {size:,} codewords")
        axes.set_ylim(0, 1.05)
    _legend(figure, panels)
    return figure


def draw_codebook_recall(codebook: dict[str, Any]) -> Any:
    """Draw how many of an item's nearest neighbours the codes keep.

    Args:
        codebook: Health by modality, None where there is none.

    Returns:
        A matplotlib figure, one panel a modality: all items, and those not in train.
    """
    figure, panels = _panels(len(codebook))
    measures = {"10 nearest": "recall_at_10", "50 nearest": "recall_at_50"}
    for axes, (modality, health) in zip(panels, codebook.items(), strict=True):
        axes.set_title(modality)
        if health is None:
            _say_absent(axes)
            continue
        groups = {"all items": health, "in train": health["warm"]}
        groups["not in train"] = health["cold"]
        known = {name: group for name, group in groups.items() if group}
        places = np.arange(len(known))
        for number, (label, key) in enumerate(measures.items()):
            heights = [group[key] or 0 for group in known.values()]
            bars = axes.bar(
                places + (number - 0.5) * 0.36,
                heights,
                0.34,
                label=label,
                color=(_BLUE, _ORANGE)[number],
            )
            texts = [
                "-" if group[key] is None else f"{group[key]:.2f}"
                for group in known.values()
            ]
            axes.bar_label(bars, texts, padding=2, fontsize=8)
        axes.set_xticks(places, list(known))
        axes.set_ylabel("share of true neighbours kept")
        axes.set_ylim(0, 1.1)
    _legend(figure, panels)
    return figure


def _panels(count: int) -> tuple[Any, Sequence["Axes"]]:
    # Not pyplot, which keeps every figure in a global list.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8 * count, 3.6), layout="constrained")
    panels = figure.subplots(1, count, squeeze=False)[0]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, panels


def _draw_levels(axes: "Axes", shares: dict[str, list[float]]) -> None:
    count = len(next(iter(shares.values())))
    places = np.arange(1, count + 1)
    for number, (label, values) in enumerate(shares.items()):
        color = (_BLUE, _ORANGE)[number]
        if count > _BARS:
            axes.plot(places, values, label=label, color=color, linewidth=1)
        else:
            offset = (number - 0.5) * 0.4
            axes.bar(places + offset, values, 0.38, label=label, color=color)
    if count <= _BARS:
        axes.set_xticks(places[:: max(1, count // 8)])


def _say_absent(axes: "Axes") -> None:
    axes.text(0.5, 0.5, "absent", ha="center", va="center", transform=axes.transAxes)
    axes.set_axis_off()


def _legend(figure: Any, panels: Sequence["Axes"]) -> None:
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside lower center", ncols=2)
            return
