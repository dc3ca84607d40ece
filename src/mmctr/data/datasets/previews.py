"""Kedro's text dataset with a preview for kedro-viz, which it lacks."""

import html

from kedro_datasets._typing import HTMLPreview
from kedro_datasets.text import TextDataset

PAGE_LENGTH = 20_000


class PreviewableTextDataset(TextDataset):
    """A text file that kedro-viz shows: HTML rendered, other text escaped."""

    def preview(self) -> HTMLPreview:
        """HTML as it is; the beginning of any other text, escaped."""
        text = self.load()
        if self._filepath.suffix == ".html":
            return HTMLPreview(text)
        return HTMLPreview(f"<pre>{html.escape(text[:PAGE_LENGTH])}</pre>")
