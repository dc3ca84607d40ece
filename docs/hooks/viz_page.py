"""The page that ``kedro viz build`` writes, for a look without any network.

``python docs/hooks/viz_page.py build`` after ``kedro viz build --include-previews``.
"""

import json
import re
import sys
from pathlib import Path

import click

# The page asks for it, and `kedro viz build` does not write it.
_METADATA = {
    "has_missing_dependencies": False,
    "package_compatibilities": [
        {"package_name": name, "package_version": "", "is_compatible": True}
        for name in ("fsspec", "kedro-datasets")
    ],
}

_OUTSIDE = re.compile(r'[ \t]*<link\b[^>]*\bhref="https?://[^>]*>\n?')


def finish_page(folder: Path) -> int:
    """Check that the page is whole, and take its requests for fonts out.

    Without them the system's font is shown, and no other server learns of the visit.

    Args:
        folder: What ``kedro viz build`` wrote; it ends without an error even where it
            failed.

    Returns:
        How many nodes and data sets the page shows.

    Raises:
        ValueError: If the page or its graph is missing.
    """
    page, graph = folder / "index.html", folder / "api" / "main"
    for path in (page, graph):
        if not path.is_file():
            raise ValueError(f"{path} is missing: `kedro viz build` did not succeed")
    shown = len(json.loads(graph.read_text("utf-8"))["nodes"])
    if not shown:
        raise ValueError(f"{graph} shows nothing")
    (folder / "api" / "metadata").write_text(json.dumps(_METADATA), "utf-8")
    page.write_text(_OUTSIDE.sub("", page.read_text("utf-8")), "utf-8")
    return shown


def main() -> None:
    """Finish the page in the folder that is named."""
    folder = Path(sys.argv[1])
    try:
        shown = finish_page(folder)
    except ValueError as error:
        sys.exit(f"Error: {error}")
    click.echo(f"{folder}: a page of {shown} nodes and data sets, for any web server")


if __name__ == "__main__":
    main()
