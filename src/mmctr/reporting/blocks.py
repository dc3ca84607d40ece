"""What a section of the report is made of; the template knows how each looks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str
    warns: bool = False
    """Whether it is something to beware of."""


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
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure and what to see in it."""

    kind: ClassVar[str] = "picture"
    svg: str
    """Markup that :func:`mmctr.reporting.svg.inline_svg` made."""
    alt: str
    """What it shows, for those who can't see it."""
    sentence: str
    """What to see in it."""


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
    """A few numbers that come first: what it is, its value, what it stands beside."""

    kind: ClassVar[str] = "tiles"
    tiles: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Folded:
    """Blocks that open on a click; printed they are open."""

    kind: ClassVar[str] = "folded"
    summary: str
    blocks: Sequence["Block"]


Block = Text | Table | Picture | Pictures | Beside | Tiles | Folded


@dataclass(frozen=True)
class Section:
    """A heading and its blocks."""

    anchor: str
    title: str
    blocks: Sequence[Block] = field(default_factory=list)
