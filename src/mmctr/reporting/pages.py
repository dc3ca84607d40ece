"""Templates of the report, the model card and the pages."""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from mmctr.reporting import words
from mmctr.reporting.blocks import Section, Table
from mmctr.runtime.markdown import markdown_table

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_PACKAGE = "mmctr.reporting"


def render_report(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Write the page; all text but the figures is escaped.

    Args:
        title: Of the page.
        subtitle: Below it.
        sections: In order.

    Returns:
        One HTML file that loads nothing.
    """
    from markupsafe import Markup

    style = (resources.files(_PACKAGE) / "templates" / "report.css").read_text("utf-8")
    return render(
        "report.html",
        title=title,
        subtitle=subtitle,
        sections=sections,
        style=Markup(style),
    )


def render(template: str, **facts: Any) -> str:
    """Fill a template.

    Args:
        template: File name in ``templates/``.
        facts: The names that the template uses.

    Returns:
        HTML, Markdown or plain text.

    Raises:
        ValueError: If a fact that the template uses is missing.
    """
    from jinja2 import UndefinedError

    try:
        return _environment().get_template(template).render(**facts)
    except UndefinedError as error:
        raise ValueError(f"{template}: {error}") from error


def say(sentence: str, **facts: Any) -> str:
    """Write a sentence of ``templates/sentences.txt``.

    Args:
        sentence: Name of its macro.
        facts: All arguments of the macro.
    """
    macros = _environment().get_template("sentences.txt").module
    return " ".join(getattr(macros, sentence)(**facts).split())


@cache
def _environment() -> "Environment":
    # Jinja is slow to import, and commands that only list pipelines don't need it.
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "code": _code,
        "markdown": _markdown,
        "share": "{:.0%}".format,
        **{write.__name__: write for write in words.WRITERS},
    }
    return environment


def _code(text: str) -> "Markup":
    """Turn what stands between backticks into code."""
    from markupsafe import Markup, escape

    parts = [escape(part) for part in text.split("`")]
    shown = (
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )
    return Markup("").join(shown)


def _markdown(table: Table, code: int = 0) -> str:
    """Write a table as Markdown, its first columns as code."""
    rows = [
        [f"**{cell}**" if row < table.strong else cell for cell in cells[:1]]
        + list(cells[1:])
        for row, cells in enumerate(table.rows)
    ]
    return markdown_table(table.header, rows, code=code)
