"""Figures on a scored log: its scores and fields beside those of training."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmctr.reporting.figures import (
    BLUE,
    FAINT,
    RED,
    draw_bars,
    legend_below,
    name_rows,
    new_panels,
    styled,
)

_MOST_FIELDS, _MOST_BINS = 20, 14
_TICKS = 4


@styled
def draw_scores(odds: Mapping[str, Any]) -> Any:
    """Draw the shares of scores between fixed borders, those of test as a line.

    Args:
        odds: ``train`` and ``log``, shares of the ``bins``.
    """
    figure, (axes,) = new_panels(height=2.9)
    train, log = np.array(odds["train"]), np.array(odds["log"])
    there = np.flatnonzero((train > 0) | (log > 0))
    chosen = slice(there.min(), there.max() + 1) if there.size else slice(None)
    places = np.arange(len(train))[chosen]
    axes.bar(places, log[chosen], 0.9, color=BLUE, label="this log")
    axes.step(places, train[chosen], where="mid", color=RED, lw=1.6, label="test")
    names = [each.split(" to ")[0] for each in odds["bins"]]
    step = max(1, len(places) // _TICKS)
    axes.set_xticks(places[::step] - 0.5, [names[x] for x in places[::step]])
    axes.set_xlabel("probability, in steps of half a log-odds")
    axes.set_ylabel("share of rows")
    axes.grid(axis="y")
    legend_below(figure)
    return figure


@styled
def draw_drift(indices: Mapping[str, float]) -> Any:
    """Draw the population stability index of each field, the largest first."""
    shown = dict(list(indices.items())[:_MOST_FIELDS])
    figure, (axes,) = new_panels(height=0.9 + 0.28 * len(shown))
    draw_bars(axes, shown, label="population stability index", text="{:.3f}")
    for border in (0.1, 0.25):
        axes.axvline(border, color=FAINT, lw=1.2, ls="--", zorder=0)
    axes.set_xlim(0, max(0.28, 1.2 * max(shown.values(), default=0)))
    return figure


@styled
def draw_field(found: Mapping[str, Any]) -> Any:
    """Draw the shares of a field's bins here and in train, the most frequent ones."""
    train, log = np.array(found["train"]), np.array(found["log"])
    bins = np.sort(np.argsort(-np.maximum(train, log), kind="stable")[:_MOST_BINS])
    figure, (axes,) = new_panels(height=1.2 + 0.3 * len(bins))
    places = np.arange(len(bins))
    axes.barh(places - 0.2, log[bins], 0.38, color=BLUE, label="this log")
    axes.barh(places + 0.2, train[bins], 0.38, color=RED, label="train")
    name_rows(axes, [found["bins"][x][:24] for x in bins])
    axes.set_xlabel("share of rows")
    axes.grid(axis="x")
    legend_below(figure)
    return figure
