"""What embedding through a paid service costs at most, before anything is sent."""

from dataclasses import dataclass

from mmctr.content.embedders.errors import EmbeddingError


class EmbeddingCostError(EmbeddingError):
    """The bill could exceed the limit; nothing was sent."""


@dataclass(frozen=True)
class CostEstimate:
    """The work of a run and an upper bound of its bill.

    Attributes:
        model: Name the service knows.
        titles: Items with a title.
        unique: Different titles, as they would be sent.
        cached: How many of them are in the cache.
        cut: How many of them are too long and are cut.
        requests: Requests to send.
        most_tokens: Upper bound of the tokens to send: their UTF-8 bytes.
        usd_per_million_tokens: Price, None where it is not known.
        under_way: How many of them are in batches of an earlier run.
    """

    model: str
    titles: int
    unique: int
    cached: int
    cut: int
    requests: int
    most_tokens: int
    usd_per_million_tokens: float | None
    under_way: int = 0

    @property
    def to_send(self) -> int:
        """Titles to send."""
        return self.unique - self.cached - self.under_way

    @property
    def most_usd(self) -> float | None:
        """Upper bound of the bill; None: the price is not known."""
        if self.usd_per_million_tokens is None:
            return None
        return self.most_tokens * self.usd_per_million_tokens / 1e6

    def describe(self) -> str:
        """Write the plan as a short table."""
        usd = self.most_usd
        price = "price unknown" if usd is None else f"${usd:,.4f}"
        rows = [
            ("titles", f"{self.titles:,}"),
            ("unique", f"{self.unique:,}"),
            ("cached", f"{self.cached:,}"),
            ("to send", f"{self.to_send:,}"),
            ("cut to the limit", f"{self.cut:,}"),
            ("requests", f"{self.requests:,}"),
            ("tokens, at most", f"{self.most_tokens:,}"),
            ("cost, at most", price),
        ]
        if self.under_way:
            rows.insert(3, ("in batches", f"{self.under_way:,}"))
        lines = [f"  {name:17}{value:>13}" for name, value in rows]
        return "\n".join([f"embedding plan for {self.model}", *lines])

    def check_cost(self, max_cost_usd: float | None) -> None:
        """Refuse a bill that could be above the limit.

        Args:
            max_cost_usd: The limit; None: any bill is fine.

        Raises:
            EmbeddingCostError: With the figure.
        """
        if max_cost_usd is None or not self.to_send:
            return
        usd = self.most_usd
        if usd is None:
            raise EmbeddingCostError(
                f"{self.describe()}\nThe price of {self.model} is not known: set "
                "embedding.openai.usd_per_million_tokens (0 for a service of your "
                "own), or embedding.openai.max_cost_usd=null"
            )
        if usd > max_cost_usd:
            raise EmbeddingCostError(
                f"{self.describe()}\nThis may cost ${usd:,.4f}, above "
                f"embedding.openai.max_cost_usd = {max_cost_usd:g}; nothing was sent. "
                "Raise it if the bill is fine, or correct "
                "embedding.openai.usd_per_million_tokens"
            )
