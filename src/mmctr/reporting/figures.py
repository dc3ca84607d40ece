"""What all figures share: style, panels, common forms, and SVG inside a page."""

import functools
import html
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:  # matplotlib is slow to import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")

INK = "#16191d"
"""Text and axes of a figure; on the page replaced by its text colour."""

FAINT = "#9098a0"
"""Grids and reference lines."""

COLORS = ("#4477aa", "#ee6677", "#228833", "#b8860b", "#aa3377")
"""Colours of series, from Paul Tol's bright scheme; dark pages use lighter ones."""

BLUE, RED, GREEN, GOLD, PURPLE = COLORS

_PAGE_COLORS = {
    INK: "currentColor",
    FAINT: "var(--faint)",
    **{color: f"var(--series-{place})" for place, color in enumerate(COLORS)},
}

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "grid.alpha": 0.35,
    "text.parse_math": False,  # a name with a dollar is a name
}
"""Settings of matplotlib that figures are drawn with."""

_BARS = 32
"""More positions than this are drawn as lines."""


class IntervalRow(NamedTuple):
    """A line of :func:`draw_intervals`."""

    name: str
    value: float | None
    """None: the line stays empty."""
    ends: Sequence[float] | None
    color: str = BLUE
    hollow: bool = False


def styled(draw: Callable[P, Any]) -> Callable[P, Any]:
    """Make a function draw with the settings of :data:`STYLE`."""

    @functools.wraps(draw)
    def draw_styled(*args: P.args, **kwargs: P.kwargs) -> Any:
        from matplotlib import rc_context

        with rc_context(STYLE):
            return draw(*args, **kwargs)

    return draw_styled


def new_panels(
    count: int = 1,
    *,
    width: float = 4.6,
    height: float,
    stacked: bool = False,
    sharex: bool = False,
) -> tuple["Figure", Sequence["Axes"]]:
    """Make a figure of equal panels, narrow enough for a phone by default.

    Args:
        count: Number of panels.
        width: Of each panel, in inches.
        height: Of the figure, in inches.
        stacked: Whether the panels are below each other, not beside each other.
        sharex: Whether the panels have one x axis.

    Returns:
        The figure and its panels.
    """
    # Not pyplot, which keeps every figure in a global list.
    from matplotlib.figure import Figure

    rows, columns = (count, 1) if stacked else (1, count)
    figure = Figure(figsize=(width * columns, height), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=sharex)
    return figure, list(panels.flat)


def new_grid(
    heights: Sequence[float], columns: int, *, width: float
) -> tuple["Figure", Sequence[Sequence["Axes"]]]:
    """Make a figure of panels in rows and columns.

    Args:
        heights: Of each row, in inches.
        columns: Number of columns.
        width: Of each column, in inches.

    Returns:
        The figure and its panels, row by row.
    """
    from matplotlib.figure import Figure

    size = (width * columns, sum(heights))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(
        len(heights), columns, squeeze=False, height_ratios=list(heights)
    )
    return figure, [list(row) for row in panels]


def draw_intervals(
    axes: "Axes", rows: Sequence[IntervalRow], *, label: str, line: float | None
) -> None:
    """Draw values with their intervals, one line each, the first on top.

    Args:
        axes: The panel.
        rows: Lines to draw.
        label: What the values are.
        line: A value to compare with; None: no such line.
    """
    if line is not None:
        axes.axvline(line, color=FAINT, lw=1.2, ls="--", zorder=0)
    for place, row in enumerate(rows):
        if row.value is None:
            continue
        if row.ends is not None:
            axes.plot(list(row.ends), [place] * 2, color=row.color, lw=2)
        fill = "none" if row.hollow else row.color
        axes.plot([row.value], [place], "o", ms=5.5, color=row.color, mfc=fill)
    name_rows(axes, [row.name for row in rows])
    axes.set_xlabel(label)
    axes.grid(axis="x")


def draw_bars(
    axes: "Axes", values: Mapping[str, float], *, label: str, text: str
) -> None:
    """Draw a bar per name, the first on top, each with its value.

    Args:
        axes: The panel.
        values: By name.
        label: What the values are.
        text: Format of a value, such as ``{:.0%}``.
    """
    bars = axes.barh(range(len(values)), list(values.values()), 0.68, color=BLUE)
    axes.bar_label(bars, [text.format(value) for value in values.values()], padding=3)
    axes.margins(x=0.16)
    name_rows(axes, list(values))
    axes.set_xlabel(label)


def draw_positions(axes: "Axes", series: Mapping[str, Sequence[float]]) -> None:
    """Draw a value per position of a code: bars, or lines where there are many.

    Args:
        axes: The panel.
        series: Label -> values.
    """
    step = 0.8 / max(len(series), 2)
    for number, (label, values) in enumerate(series.items()):
        places = np.arange(1, len(values) + 1)
        color = COLORS[number % len(COLORS)]
        if len(values) > _BARS:
            axes.plot(places, values, color=color, lw=1, label=label)
        else:
            offset = (number - (len(series) - 1) / 2) * step
            axes.bar(places + offset, values, 0.95 * step, color=color, label=label)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("position of the code")
    axes.locator_params(axis="x", integer=True)
    axes.grid(axis="y")


def name_rows(axes: "Axes", names: Sequence[str]) -> None:
    """Name the lines of a panel, the first on top."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=5)


def write_instead(axes: "Axes", text: str) -> None:
    """Write in an empty panel why there is nothing to see."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    axes.set_axis_off()


def legend_below(figure: "Figure", *, columns: int = 2) -> None:
    """Put the legend of the first panel that has one below the figure."""
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside lower center", ncols=columns)
            return


def with_nan(values: Sequence[float | None]) -> list[float]:
    """Turn undefined numbers into gaps of a curve."""
    return [float("nan") if value is None else value for value in values]


def inline_svg(figure: Any, alt: str, name: str) -> Markup:
    """Write a matplotlib figure as an element of an HTML page.

    Args:
        figure: Drawn with the colours of this module.
        alt: What it shows, for those who can't see it.
        name: Of the figure; makes the ids of its parts unique on the page.

    Returns:
        ``<svg ...>...</svg>``: without a fixed size, with the page's colours, and the
        same bytes for the same figure.
    """
    from matplotlib import rc_context

    written = io.StringIO()
    with rc_context({**STYLE, "svg.hashsalt": name}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    text = written.getvalue()
    text = text[text.index("<svg") :]
    head, body = text.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    if box is None:
        raise ValueError(f"figure {name}: the SVG has no viewBox")
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    # A style of all elements would apply to the whole page.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    referred = set(re.findall(r"#(\w+)", body))
    body = re.sub(
        r' id="([^"]+)"', lambda found: found[0] if found[1] in referred else "", body
    )
    for color, of_page in _PAGE_COLORS.items():
        body = body.replace(color, of_page)
    body = body.replace("'DejaVu Sans', ", "").replace("\n", " ")
    label = html.escape(alt, quote=True)
    looks = 'stroke-linejoin="round" stroke-linecap="butt"'
    return Markup(f'<svg {box[0]} {looks} role="img" aria-label="{label}">{body}')
