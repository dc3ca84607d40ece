"""Kedro's text dataset, with the preview for kedro-viz that it lacks."""

import html

from kedro_datasets._typing import HTMLPreview
from kedro_datasets.text import TextDataset

PAGE_LENGTH = 20_000


class PageDataset(TextDataset):
    """A text file that kedro-viz shows: HTML as it is, other text letter by letter."""

    def preview(self) -> HTMLPreview:
        """The page; of other text than HTML its beginning, escaped."""
        text = self.load()
        if self._filepath.suffix == ".html":
            return HTMLPreview(text)
        return HTMLPreview(f"<pre>{html.escape(text[:PAGE_LENGTH])}</pre>")
