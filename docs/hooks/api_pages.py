"""A page of the reference for every package, and one for the nodes of each pipeline."""

from pathlib import Path

PIPELINES = "pipelines"


def api_pages(package: Path) -> dict[str, str]:
    """Write the pages that mkdocstrings fills from docstrings.

    Args:
        package: Folder of the package; it is read, not imported.

    Returns:
        Content by path in the documentation's folder: ``api/ROOM-PACKAGE.md`` for each
        package below it and ``api/pipelines-NAME.md`` for each pipeline's nodes.
    """
    names = [
        init.parent.relative_to(package).parts
        for init in sorted(package.glob("*/**/__init__.py"))
    ]
    pages = {
        f"api/{'-'.join(name)}.md": _page(
            f"`{package.name}.{'.'.join(name)}`", f"{package.name}.{'.'.join(name)}"
        )
        for name in names
        if name[0] != PIPELINES
    }
    for nodes in sorted(package.glob(f"{PIPELINES}/*/nodes.py")):
        name = nodes.parent.name
        module = f"{package.name}.{PIPELINES}.{name}.nodes"
        pages[f"api/{PIPELINES}-{name}.md"] = _page(f"Nodes of `{name}`", module)
    return pages


def _page(title: str, module: str) -> str:
    return f"# {title}\n\n::: {module}\n"
