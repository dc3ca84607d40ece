"""The words of the synthetic titles, read from ``vocabulary.toml``."""

import tomllib
from importlib.resources import files

_WORDS = tomllib.loads(
    files(__package__).joinpath("vocabulary.toml").read_text("utf-8")
)

STYLES: dict[str, list[str]] = _WORDS["styles"]
"""Patterns of titles by style; topic words fill their gaps."""

TOPIC_WORDS = [words.split() for words in _WORDS["topics"].values()]
"""Words by topic."""

STYLE_PATTERNS = list(STYLES.values())
"""Patterns by the number of the style."""
