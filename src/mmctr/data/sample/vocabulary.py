"""The words of the synthetic titles, read from ``vocabulary.toml``."""

import tomllib
from importlib.resources import files

_WORDS = tomllib.loads(
    files(__package__).joinpath("vocabulary.toml").read_text("utf-8")
)

TOPIC_WORDS = [words.split() for words in _WORDS["topics"].values()]
"""Words by topic."""

STYLE_PATTERNS: list[list[str]] = list(_WORDS["styles"].values())
"""Patterns of titles by the number of the style; topic words fill their gaps."""
