"""Pictures of the report; each draws numbers that an artifact holds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from mmctr.reporting.svg import COLORS, FAINT, INK, STYLE

if TYPE_CHECKING:  # matplotlib takes a second to import
    from matplotlib.axes import Axes

BLUE, RED, GREEN, GOLD, PURPLE = COLORS
_WIDTH = 4.6
# More positions than this are drawn as lines.
_BARS = 32


def draw_training(history: dict[str, Any]) -> Any:
    """Draw AUC and gAUC, and below them logloss, on valid against steps.

    Args:
        history: From :func:`mmctr.pipelines.ctr_modeling.nodes.train_model`.
    """
    entries = history["validations"]
    steps = [entry["step"] for entry in entries]
    with _panels(2, height=3.9, sharex=True) as (figure, (upper, lower)):
        for axes, name, label, color in (
            (upper, "auc", "AUC", BLUE),
            (upper, "gauc", "gAUC", RED),
            (lower, "logloss", "logloss", GREEN),
        ):
            values = [_or_nan(entry[name]) for entry in entries]
            if not all(map(np.isnan, values)):
                axes.plot(steps, values, "o-", ms=3.5, lw=1.5, color=color, label=label)
            axes.grid(axis="y")
        for axes in (upper, lower):
            axes.axvline(history["best_step"], color=FAINT, lw=1, ls="--", zorder=0)
            axes.legend(loc="best")
        lower.set_xlabel("steps of training; dashed: the weights that are kept")
        lower.locator_params(axis="x", integer=True, nbins=6)
    return figure


def draw_differences(metrics: dict[str, Any], measure: str, label: str) -> Any:
    """Draw model minus baseline with its interval, a line a baseline.

    Args:
        metrics: Of one part.
        measure: ``auc`` or ``gauc``.
        label: Its name.
    """
    known = [
        (name, found[measure], found[f"{measure}_difference"])
        for name, found in metrics["baselines"].items()
        if found and found[measure] is not None and metrics[measure] is not None
    ]
    with _panels(1, height=1.1 + 0.34 * max(len(known), 1)) as (figure, (axes,)):
        for place, (_, value, ends) in enumerate(known):
            _interval(axes, metrics[measure] - value, ends, place, BLUE)
        axes.axvline(0, color=INK, lw=0.9)
        _name_places(axes, [name.replace("_", " ") for name, _, _ in known])
        axes.set_xlabel(f"{label} of the model minus that of the baseline")
        axes.grid(axis="x")
    return figure


def draw_roc(roc: dict[str, Any]) -> Any:
    """Draw the model's ROC curve with its band, and the baselines' curves.

    Args:
        roc: From :func:`mmctr.evaluation.evaluate_details`.
    """
    grid = roc["false_positive_rate"]
    with _panels(1, height=4.3) as (figure, (axes,)):
        axes.plot([0, 1], [0, 1], color=FAINT, lw=1, ls="--")
        low, high = (_numbers(roc[name]) for name in ("low", "high"))
        axes.fill_between(grid, low, high, color=BLUE, alpha=0.25, lw=0)
        axes.plot(
            grid, _numbers(roc["true_positive_rate"]), color=BLUE, lw=1.8, label="model"
        )
        styles = zip((RED, GREEN, GOLD, PURPLE), ("-", "--", "-.", ":"), strict=True)
        known = {name: curve for name, curve in roc["baselines"].items() if curve}
        for (name, curve), (color, dashes) in zip(known.items(), styles, strict=False):
            label = name.replace("_", " ")
            axes.plot(grid, _numbers(curve), dashes, color=color, lw=1.1, label=label)
        axes.set_xlabel("share of rows without a click that pass")
        axes.set_ylabel("share of clicks found")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.01)
        axes.set_aspect("equal")
        axes.grid()
        axes.legend(loc="lower right")
    return figure


def draw_calibration(bins: Sequence[dict[str, Any]]) -> Any:
    """Draw click rate against mean probability, a dot and interval a bin.

    Args:
        bins: From :func:`mmctr.evaluation.evaluate_details`.
    """
    with _panels(1, height=4.3) as (figure, (axes,)):
        places = [each["mean_probability"] for each in bins]
        rates = [each["click_rate"] for each in bins]
        ends = [each["interval"] or [each["click_rate"]] * 2 for each in bins]
        room = 0.05 * (max(places) - min(places)) or 0.01
        reach = (min(places) - room, max(places) + room)
        axes.plot(reach, reach, color=FAINT, lw=1, ls="--", label="as predicted")
        for place, (low, high) in zip(places, ends, strict=True):
            axes.plot([place] * 2, [low, high], color=BLUE, lw=1.6)
        axes.plot(places, rates, "o", ms=4.5, color=BLUE, label="a bin of equal mass")
        axes.set_xlim(*reach)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("mean predicted probability")
        axes.set_ylabel("click rate")
        axes.grid()
        axes.legend(loc="upper left")
    return figure


def draw_slices(
    slices: Sequence[dict[str, Any]], whole: float | None, label: str
) -> Any:
    """Draw the AUC of slices with intervals, beside that of all rows.

    Args:
        slices: Some of those of :func:`mmctr.evaluation.evaluate_details`.
        whole: AUC of all rows.
        label: What the names of the slices count.
    """
    with _panels(1, height=1.2 + 0.3 * max(len(slices), 1)) as (figure, (axes,)):
        if whole is not None:
            axes.axvline(whole, color=FAINT, lw=1.2, ls="--")
        for place, each in enumerate(slices):
            if each["auc"] is not None:
                _interval(axes, each["auc"], each["auc_interval"], place, BLUE)
        names = [f"{each['name']}  (n {each['rows']:,})" for each in slices]
        _name_places(axes, names)
        axes.set_ylabel(label)
        axes.set_xlabel("AUC; dashed: all rows")
        axes.grid(axis="x")
    return figure


def draw_codes(codebook: dict[str, Any]) -> Any:
    """Draw how much of its codebook each position uses, by modality.

    Args:
        codebook: Health by modality, None where there is none.
    """
    with _panels(1, height=3.2) as (figure, (axes,)):
        known = {name: health for name, health in codebook.items() if health}
        for number, (name, health) in enumerate(known.items()):
            size = health["codebook_size"]
            shares = [level["perplexity"] / size for level in health["levels"]]
            places = np.arange(1, len(shares) + 1)
            color = (BLUE, RED)[number % 2]
            if len(shares) > _BARS:
                axes.plot(places, shares, color=color, lw=1, label=name)
            else:
                offset = (number - (len(known) - 1) / 2) * 0.4
                axes.bar(places + offset, shares, 0.38, color=color, label=name)
        axes.set_ylim(0, 1.05)
        axes.set_xlabel("position of the code")
        axes.set_ylabel("perplexity over codebook size")
        axes.locator_params(axis="x", integer=True)
        axes.grid(axis="y")
        if known:
            figure.legend(loc="outside lower center", ncols=2)
    return figure


def draw_times(nodes: dict[str, dict[str, Any]]) -> Any:
    """Draw the seconds of nodes, the longest on top.

    Args:
        nodes: By name, each with ``seconds``; in the order to draw them.
    """
    with _panels(1, height=0.9 + 0.26 * max(len(nodes), 1)) as (figure, (axes,)):
        seconds = [node["seconds"] for node in nodes.values()]
        places = range(len(nodes))
        bars = axes.barh(places, seconds, 0.68, color=BLUE)
        axes.bar_label(bars, [f"{x:,.1f}" for x in seconds], padding=3, fontsize=9.5)
        axes.margins(x=0.16)
        _name_places(axes, list(nodes))
        axes.set_xlabel("seconds")
    return figure


def draw_arms(arms: Sequence[dict[str, Any]], other: str, label: str) -> Any:
    """Draw each arm's gAUC minus another's, with intervals.

    Args:
        arms: Of ``ablation_details.json``, in the order to draw them.
        other: The arm that is subtracted.
        label: Name of the axis.
    """
    with _panels(1, height=1.1 + 0.3 * max(len(arms), 1)) as (figure, (axes,)):
        for place, arm in enumerate(arms):
            found = arm["against"][other]["gauc"]
            if found["delta"] is None:
                continue
            ends = None if found["low"] is None else (found["low"], found["high"])
            color = RED if arm["kind"] == "codes" else BLUE
            _interval(axes, found["delta"], ends, place, color)
        axes.axvline(0, color=INK, lw=0.9)
        _name_places(axes, [arm["name"] for arm in arms])
        axes.set_xlabel(label)
        axes.grid(axis="x")
    return figure


@contextmanager
def _panels(
    count: int, *, height: float, sharex: bool = False
) -> Iterator[tuple[Any, Sequence["Axes"]]]:
    """Panels below each other, narrow enough for a phone."""
    from matplotlib import rc_context

    # Not pyplot, which keeps every figure in a global list.
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        yield figure, figure.subplots(count, 1, squeeze=False, sharex=sharex)[:, 0]


def _interval(
    axes: "Axes",
    value: float,
    ends: Sequence[float] | None,
    place: int,
    color: str,
) -> None:
    if ends is not None:
        axes.plot(list(ends), [place] * 2, color=color, lw=2)
    axes.plot([value], [place], "o", ms=5.5, color=color)


def _name_places(axes: "Axes", names: Sequence[str]) -> None:
    """The first name on top."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=5)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [_or_nan(value) for value in values]
