"""Templates of the report and the model card."""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from mmctr.reporting.blocks import Section

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_PACKAGE = "mmctr.reporting"


def render_report(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Write the page; whatever is no markup of ours is escaped.

    Args:
        title: Of the page.
        subtitle: Below it.
        sections: In order.

    Returns:
        One HTML file that loads nothing.
    """
    from markupsafe import Markup

    style = (resources.files(_PACKAGE) / "templates" / "report.css").read_text("utf-8")
    return (
        _environment()
        .get_template("report.html")
        .render(title=title, subtitle=subtitle, sections=sections, style=Markup(style))
    )


def render_card(**facts: Any) -> str:
    """Write the model card.

    Args:
        facts: What the template names.

    Returns:
        Markdown.
    """
    return _environment().get_template("model_card.md").render(**facts)


@cache
def _environment() -> "Environment":
    # Jinja takes its time to import; commands that only list pipelines do without.
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = _markdown
    environment.filters["code"] = _code
    return environment


def _code(text: str) -> "Markup":
    """Commands stand between backticks."""
    from markupsafe import Markup, escape

    parts = [escape(part) for part in text.split("`")]
    shown = (
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )
    return Markup("").join(shown)


def _markdown(value: Any) -> str:
    """Text of others inside a table's cell."""
    text = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("`", "'")
    text = text.replace("<", "&lt;")
    return " ".join(text.split())
