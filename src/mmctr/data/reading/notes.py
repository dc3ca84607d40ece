"""What reading has to say: logged at once, and kept for the report."""

import logging

logger = logging.getLogger(__name__)


class Notes:
    """Sentences about what was recognised and what is unusual."""

    def __init__(self) -> None:
        """Begin without any."""
        self.texts: list[str] = []

    def tell(self, text: str) -> None:
        """Note what was recognised."""
        self.texts.append(text)
        logger.info("%s", text)

    def warn(self, text: str) -> None:
        """Note what is unusual."""
        self.texts.append(text)
        logger.warning("%s", text)
