"""What reading has to say: logged at once, and kept for the report."""

import logging

logger = logging.getLogger(__name__)


class Notes:
    """Sentences about what was recognised and what is unusual."""

    def __init__(self, folder: str) -> None:
        """Begin without any.

        Args:
            folder: The log's folder, which is left out: the same files are described
                alike wherever they lie.
        """
        self.texts: list[str] = []
        self._folder = f"{folder}/"

    def tell(self, text: str) -> None:
        """Note what was recognised."""
        self.texts.append(text.replace(self._folder, ""))
        logger.info("%s", self.texts[-1])

    def warn(self, text: str) -> None:
        """Note what is unusual."""
        self.texts.append(text.replace(self._folder, ""))
        logger.warning("%s", self.texts[-1])


class NoNotes(Notes):
    """Takes what is said of a part of a table, and forgets it."""

    def __init__(self) -> None:
        """Begin."""
        super().__init__("")

    def tell(self, text: str) -> None:
        """Forget it."""

    def warn(self, text: str) -> None:
        """Forget it."""
