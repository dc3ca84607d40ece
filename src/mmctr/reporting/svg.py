"""Figures inside a page: their colours follow the page's, and nothing is loaded."""

import html
import io
import re
from typing import Any

from markupsafe import Markup

INK = "#16191d"
"""Text and axes of a figure; the page's own colour of text takes its place."""

FAINT = "#9098a0"
"""Grids and lines to compare with."""

COLORS = ("#4477aa", "#ee6677", "#228833", "#b8860b", "#aa3377")
"""Of series, from Paul Tol's bright scheme; dark pages have lighter ones."""

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


def inline_svg(figure: Any, alt: str, name: str) -> Markup:
    """Write a matplotlib figure as an element of an HTML page.

    Args:
        figure: Drawn with the colours of this module.
        alt: What it shows.
        name: Of the figure; keeps the ids of its parts apart from other figures'.

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
    # What it says of all elements would be said of the whole page's.
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
