"""Parts of a section of the report; the template decides how each looks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from mmctr.reporting.figures import inline_svg


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str
    warns: bool = False
    """Whether it is a warning."""
    strong: bool = False
    """Whether it is what to remember."""


class Link(str):
    """The text of a cell that leads to a file beside the page."""

    href: str

    def __new__(cls, text: str, href: str) -> Self:
        """Take the text and where it leads."""
        link = super().__new__(cls, text)
        link.href = href
        return link


@dataclass(frozen=True)
class Table:
    """Cells of plain text; the first columns are words, the others numbers."""

    kind: ClassVar[str] = "table"
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    """Columns of words."""
    strong: int = 0
    """Rows at the top that stand out."""
    faint: Sequence[int] = ()
    """Numbers of rows that are grey."""
    note: str = ""

    @classmethod
    def of_records(
        cls,
        title: str,
        records: Iterable[Any],
        columns: Mapping[str, Callable[[Any], str]],
        **looks: Any,
    ) -> Self:
        """Write one row per record.

        Args:
            title: Of the table.
            records: What the rows are about.
            columns: Name of each column -> what it says of a record.
            looks: The table's other fields.
        """
        rows = [[write(record) for write in columns.values()] for record in records]
        return cls(title, list(columns), rows, **looks)


@dataclass(frozen=True)
class Picture:
    """A figure and what to see in it."""

    svg: str
    """Markup that :func:`mmctr.reporting.figures.inline_svg` made."""
    sentence: str
    """What to see in it."""

    @classmethod
    def of(cls, name: str, figure: Any, sentence: str, *, title: str = "") -> Self:
        """Write a matplotlib figure as SVG.

        Args:
            name: Of the figure, once per page.
            figure: Drawn with the colours of :mod:`mmctr.reporting.figures`.
            sentence: What to see in it.
            title: Comes before the sentence for those who can't see the figure.
        """
        alt = f"{title}. {sentence}" if title else sentence
        return cls(inline_svg(figure, alt, name), sentence)


@dataclass(frozen=True)
class Pictures:
    """Figures beside each other, where there is room."""

    kind: ClassVar[str] = "pictures"
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Beside:
    """Blocks beside each other, where there is room."""

    kind: ClassVar[str] = "beside"
    blocks: Sequence["Block"]


@dataclass(frozen=True)
class Tiles:
    """A few numbers that come first: name, value, and what to compare it with."""

    kind: ClassVar[str] = "tiles"
    tiles: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Terms:
    """Words and what they mean, a line each."""

    kind: ClassVar[str] = "terms"
    terms: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Steps:
    """What to do next, each with the section that shows why: its anchor, or nothing."""

    kind: ClassVar[str] = "steps"
    title: str
    steps: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Folded:
    """Blocks that open on a click; printed they are open."""

    kind: ClassVar[str] = "folded"
    summary: str
    blocks: Sequence["Block"]


Block = Text | Table | Pictures | Beside | Tiles | Terms | Steps | Folded


@dataclass(frozen=True)
class Section:
    """A heading and its blocks."""

    anchor: str
    title: str
    blocks: Sequence[Block] = field(default_factory=list)
    folded: bool = False
    """Whether a click on the heading, or a link to it, shows its blocks."""
