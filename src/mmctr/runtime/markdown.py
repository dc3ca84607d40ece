"""Tables as Markdown writes them."""

from collections.abc import Iterable, Sequence


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, code: int | None = None
) -> str:
    """Write a Markdown table.

    Args:
        header: Names of the columns.
        rows: Cells, as many as there are columns.
        code: None: cells are Markdown. A number: they are arbitrary text, to be
            escaped, and so many of the first columns are shown as code.

    Returns:
        Lines without a newline at the end.
    """
    written = rows if code is None else (_escape_row(cells, code) for cells in rows)
    first, *others = (f"| {' | '.join(cells)} |" for cells in (header, *written))
    return "\n".join([first, f"|{'---|' * len(header)}", *others])


def _escape_row(cells: Sequence[str], code: int) -> list[str]:
    escaped = []
    for place, cell in enumerate(cells):
        text = cell.replace("\\", "\\\\").replace("|", "\\|").replace("`", "'")
        text = " ".join(text.replace("<", "&lt;").split())
        escaped.append(f"`{text}`" if place < code else text)
    return escaped
