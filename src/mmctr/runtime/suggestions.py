"""Known names that an unknown one may stand for."""

import difflib
from collections.abc import Iterable

LEAST_LIKENESS = 0.6
"""Names less alike than this, of 0 to 1, are no likely slip of the finger."""


def likeness(name: str, other: str) -> float:
    """How much of two names is equal, from 0 to 1."""
    return difflib.SequenceMatcher(None, other, name).ratio()


def suggest(name: str, known: Iterable[str]) -> str:
    """Say which known names may be meant, or which there are.

    Args:
        name: What was written.
        known: The names that exist.

    Returns:
        A clause without a full stop, for the end of an error message.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=2, cutoff=LEAST_LIKENESS)
    # `train` for `train_model`.
    near = near or [x for x in names if name.lower() in x.lower()][:3]
    return did_you_mean(near) if near else f"known: {', '.join(names) or 'none'}"


def did_you_mean(names: Iterable[str]) -> str:
    """Ask for one of several names."""
    return f"did you mean {' or '.join(repr(x) for x in names)}?"
