"""What later steps need to know of a log, read from the preparation's report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self


@dataclass(frozen=True)
class LogFacts:
    """What the rows of a data set are.

    Attributes:
        kind: ``clicks``: their negatives were drawn; ``impressions``: every row was
            shown; None: rows of a challenge, labelled by whoever made it.
        negative_keep: Share of the negatives that train's rows are a draw of.
        clock: Whether times are those of a clock; False: they are an order of each
            user's own.
    """

    kind: Literal["clicks", "impressions"] | None = None
    negative_keep: float = 1.0
    clock: bool = True

    @classmethod
    def of(cls, preparation_report: Mapping[str, Any]) -> Self:
        """Read ``preparation.json``."""
        log = preparation_report["log"]
        if log is None:
            return cls()
        return cls(log["kind"], log["negative_keep"], log["clock"])


UNKNOWN_LOG = LogFacts()
"""Of rows that no log was split into."""
