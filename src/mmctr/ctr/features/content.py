"""The forms in which item content enters the model."""

CONTENT_FORMS = ("codes", "continuous", "similarity", "matches")
"""Codes of the vectors, the vectors themselves, similarities to the history, and how
many codes are shared with it."""

OF_CODES = frozenset({"codes", "matches"})
"""Forms computed from codes."""

OF_VECTORS = frozenset({"continuous", "similarity"})
"""Forms computed from vectors."""

NO_CONTENT = "none"


def canonical_content(value: str) -> str:
    """Sort names joined by ``+`` into one order.

    Raises:
        ValueError: If a name is unknown or repeated, or ``none`` is not alone.
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
