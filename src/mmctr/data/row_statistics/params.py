"""Parameters of the row statistics."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from mmctr.runtime.params import Params

Kind = Literal[
    "history",
    "popularity",
    "rates",
    "priors",
    "cooccurrence",
    "similarity",
    "lexical",
    "tags",
    "codes",
]
KINDS: tuple[str, ...] = get_args(Kind)
"""Kinds of statistics: the part of a column's name before the dot."""

CONTENT_KINDS = ("priors", "similarity", "lexical", "codes")
"""Kinds that are made of titles and images."""


def _ascending(days: list[float]) -> list[float]:
    if any(late <= early for early, late in zip([0.0, *days], days, strict=False)):
        raise ValueError("give days above 0, each more than the one before")
    return days


class RowStatisticsParams(Params):
    """Which numbers are computed for every row, and what they may know."""

    kinds: list[Kind] = []
    """history: its length and the user's activity; popularity: events of the target in
    windows, its age, and those of the history's items; rates: click rates of target and
    user in a log of impressions; priors: the same of all items that share
    first codes with target or history; cooccurrence: users that have both target and
    history item; similarity: cosines of vectors, by modality; lexical: words shared by
    titles; tags: shared tags; codes: shared codes, by modality."""
    protocol: Literal["live", "frozen"] = "live"
    """live: valid and test know the events before the start of their window, as a
    service would that is refreshed as often; frozen: they know train's events only."""
    windows_days: Annotated[list[float], AfterValidator(_ascending)] = Field(
        [30.0, 90.0], min_length=2
    )
    """Windows that popularity is counted in; the trend compares the first and the
    last."""
    prior_codes: int = Field(3, ge=1)
    """Most first codes that priors are counted by."""
    max_history: int = Field(64, ge=1)
    """History items compared with the target, the newest."""
    pair_reach: int = Field(50, ge=1)
    """Earlier items of the same user that an event is counted together with."""
    max_pairs: int = Field(200_000_000, ge=1)
    """Pairs held in memory, 24 bytes each; the reach is cut to stay below."""
    rows_at_once: int = Field(50_000, ge=1)
    """Rows computed at a time; bounds memory, results do not change."""
