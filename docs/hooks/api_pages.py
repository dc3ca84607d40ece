"""A page of the reference for every package, and one for the nodes of each pipeline."""

from pathlib import Path

PIPELINES = "pipelines"


def api_pages(package: Path) -> dict[str, str]:
    """Write the pages that mkdocstrings fills from docstrings.

    Args:
        package: Folder of the package; it is read, not imported.

    Returns:
        Content by path in the documentation's folder: ``api/NAME.md`` for each
        sub-package and each pipeline's nodes.
    """
    folders = sorted(path.parent for path in package.glob("*/__init__.py"))
    pages = {
        f"api/{folder.name}.md": _page(
            f"`{package.name}.{folder.name}`", f"{package.name}.{folder.name}"
        )
        for folder in folders
        if folder.name != PIPELINES
    }
    for nodes in sorted(package.glob(f"{PIPELINES}/*/nodes.py")):
        name = nodes.parent.name
        module = f"{package.name}.{PIPELINES}.{name}.nodes"
        pages[f"api/{PIPELINES}-{name}.md"] = _page(f"Nodes of `{name}`", module)
    return pages


def _page(title: str, module: str) -> str:
    return f"# {title}\n\n::: {module}\n"
