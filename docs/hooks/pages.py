"""Generate pages when the site is built; MkDocs calls these functions."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the tests of this module need no mkdocs
    from mkdocs.structure.files import Files

sys.path.insert(0, str(Path(__file__).parent))

from api_pages import api_pages
from dark_figures import dark_name, darken, in_both_schemes
from parameter_tables import parameter_page

REPOSITORY = Path(__file__).parents[2]
TASKS, REFERENCE = "Tasks", "Reference"


def on_config(config: Any) -> Any:
    """Add pages that the navigation does not name, and those of the API."""
    named = set(pages_of(config.nav))
    docs = Path(config.docs_dir)
    others = sorted(page.name for page in docs.glob("*.md") if page.name not in named)
    _section(config.nav, TASKS).extend(others)
    pages = sorted(api_pages(REPOSITORY / "src" / "mmctr"), key=_without_ending)
    nodes = [page for page in pages if page.startswith("api/pipelines-")]
    packages = [page for page in pages if page not in nodes]
    _section(config.nav, REFERENCE).extend(
        [{"Packages": packages}, {"Nodes of pipelines": nodes}]
    )
    return config


def on_files(files: "Files", config: Any) -> "Files":
    """Add the page of all parameters, one page per package, and dark figures."""
    from mkdocs.structure.files import File

    pages = {
        "parameters.md": parameter_page(REPOSITORY / "conf"),
        **api_pages(REPOSITORY / "src" / "mmctr"),
    }
    figures = {
        dark_name(file.src_uri): darken(file.content_string)
        for file in files
        if file.src_uri.endswith(".svg")
    }
    for path, content in (pages | figures).items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Show drawings in the colors of the page."""
    return in_both_schemes(markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Show the roles of docstrings (``:class:`~package.Name```) as names."""
    return re.sub(
        r":(?:class|func|meth|data|attr|mod):<code>(~?)([^<]+)</code>",
        lambda role: f"<code>{_shown(*role.groups())}</code>",
        html,
    )


def _shown(is_short: str, name: str) -> str:
    return name.rpartition(".")[2] if is_short else name


def pages_of(nav: Any) -> list[str]:
    """List the pages of a part of the navigation."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [page for part in parts for page in pages_of(part)]


def _section(nav: list[Any], title: str) -> list[Any]:
    (section,) = [
        part[title] for part in nav if isinstance(part, dict) and title in part
    ]
    return section


def _without_ending(page: str) -> str:
    return page.removesuffix(".md")
