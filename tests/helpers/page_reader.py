"""Reads a page: its elements, their text, and what they would load."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

LOADING = ("src", "srcset", "href", "xlink:href", "data", "poster", "action")
_EMPTY = {"meta", "link", "img", "br", "hr", "input"}


@dataclass
class Element:
    """One element of the page."""

    tag: str
    attributes: dict[str, str | None]
    text: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """All text in it, with single spaces."""
        return " ".join(" ".join(self.text).split())


class Page(HTMLParser):
    """All elements of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text.append(data)

    def all(self, tag: str) -> list[Element]:
        return [each for each in self.elements if each.tag == tag]

    def loads(self) -> list[str]:
        """Whatever an element would fetch from elsewhere; a link waits for a click."""
        return [
            value
            for each in self.elements
            for name, value in each.attributes.items()
            if (each.tag, name) != ("a", "href")
            if name in LOADING and value and not value.startswith(("#", "data:"))
        ]

    def section(self, anchor: str) -> Element:
        (found,) = [
            each for each in self.all("section") if each.attributes.get("id") == anchor
        ]
        return found
