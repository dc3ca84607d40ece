"""In which forms the content of items, their vectors, enters the model."""

CONTENT_FORMS = ("codes", "continuous", "similarity", "matches")
"""Codes of the vectors, the vectors themselves, similarities to the history, and how
many codes are shared with it."""

OF_CODES = frozenset({"codes", "matches"})
"""Those that are made of codes."""

OF_VECTORS = frozenset({"continuous", "similarity"})
"""Those that are made of vectors."""

NO_CONTENT = "none"


def canonical_content(value: str) -> str:
    """Bring names joined by ``+`` into one order.

    Raises:
        ValueError: If a name is unknown or there twice, or ``none`` is not alone.
    """
    names = [name.strip() for name in value.split("+")]
    if names == [NO_CONTENT]:
        return NO_CONTENT
    unknown = [name for name in names if name not in CONTENT_FORMS]
    if unknown or len(set(names)) < len(names):
        raise ValueError(
            f"use {NO_CONTENT}, or one or more of {', '.join(CONTENT_FORMS)} joined "
            "by '+', such as codes+similarity"
        )
    return "+".join(name for name in CONTENT_FORMS if name in names)
