"""Figures of the codebooks."""

from typing import Any

import numpy as np

from mmctr.reporting.figures import (
    BLUE,
    RED,
    draw_positions,
    legend_below,
    new_panels,
    styled,
    write_instead,
)

_RECALLS = (("10 nearest", "recall_at_10", BLUE), ("50 nearest", "recall_at_50", RED))


@styled
def draw_codebook_usage(codebook: dict[str, Any]) -> Any:
    """Draw how much of its codebook each level or position uses.

    Args:
        codebook: Health by modality, None where there is none.

    Returns:
        A matplotlib figure, one panel per modality.
    """
    figure, panels = new_panels(len(codebook), height=3.6)
    for axes, (modality, health) in zip(panels, codebook.items(), strict=True):
        axes.set_title(modality)
        if health is None:
            write_instead(axes, "absent")
            continue
        levels, size = health["levels"], health["codebook_size"]
        draw_positions(
            axes,
            {
                "codewords in use": [level["usage"] for level in levels],
                "perplexity": [level["perplexity"] / size for level in levels],
            },
        )
        axes.set_ylabel(f"share of {size:,} codewords")
    legend_below(figure)
    return figure


@styled
def draw_codebook_recall(codebook: dict[str, Any]) -> Any:
    """Draw how many of an item's nearest neighbours the codes keep.

    Args:
        codebook: Health by modality, None where there is none.

    Returns:
        A matplotlib figure, one panel per modality: all items, and those in and not in
        train.
    """
    figure, panels = new_panels(len(codebook), height=3.6)
    for axes, (modality, health) in zip(panels, codebook.items(), strict=True):
        axes.set_title(modality)
        if health is None:
            write_instead(axes, "absent")
            continue
        groups = {"all items": health, "in train": health["warm"]}
        groups["not in train"] = health["cold"]
        known = {name: group for name, group in groups.items() if group}
        places = np.arange(len(known))
        for number, (label, key, color) in enumerate(_RECALLS):
            recalls = [group[key] for group in known.values()]
            bars = axes.bar(
                places + (number - 0.5) * 0.36,
                [recall or 0 for recall in recalls],
                0.34,
                label=label,
                color=color,
            )
            texts = ["-" if recall is None else f"{recall:.2f}" for recall in recalls]
            axes.bar_label(bars, texts, padding=2, fontsize=8)
        axes.set_xticks(places, list(known))
        axes.set_ylabel("share of true neighbours kept")
        axes.set_ylim(0, 1.1)
    legend_below(figure)
    return figure
