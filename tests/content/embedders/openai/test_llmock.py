"""Mode direct against a service that fails on cue and judges its clients."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pytest

from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.errors import EmbeddingError
from mmctr.content.embedders.params import EmbeddingParams

scenarios = pytest.importorskip("llmock.scenarios")
Fail, Match, RequestInfo = scenarios.Fail, scenarios.Match, scenarios.RequestInfo

TITLES = [f"title number {i}" for i in range(60)]
REQUESTS = 20


@pytest.fixture
def embed(llmock, tmp_path):
    """Embed the titles; files of cache by name."""

    def run(cache: str = "cache.sqlite", **changes):
        openai = {
            "model": "text-embedding-3-small",
            "dimensions": None,
            "request_size": len(TITLES) // REQUESTS,
        }
        return embed_texts(
            TITLES,
            EmbeddingParams(
                provider="openai", cache=tmp_path / cache, openai=openai | changes
            ),
        )

    return run


@dataclass(frozen=True)
class Later(Match):
    """Requests after the first five."""

    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def accepts(self, info: RequestInfo) -> bool:
        """Count requests."""
        return next(self.numbers) > 5


def texts_answered(llmock) -> Counter[str]:
    """How often the service was paid for each text."""
    good = [record for record in llmock.requests if record.status == 200]
    return Counter(text for record in good for text in record.body["input"])


def test_limits_errors_and_delays_lose_nothing(llmock, embed):
    """Its strict verdict is good; no text is paid for twice."""
    expected, _ = embed("calm.sqlite")
    llmock.reset()
    llmock.rate_limit(times=3, retry_after=0.3)
    for status in (500, 502, 503):
        llmock.add(Fail(status, retry_after=0.1, match=Later()))
    llmock.delay(0.2, times=2)
    vectors, report = embed()
    np.testing.assert_array_equal(vectors, expected)
    assert (report.requests, report.failed) == (REQUESTS, 0)
    statuses = Counter(record.status for record in llmock.requests)
    assert statuses == {200: REQUESTS, 429: 3, 500: 1, 502: 1, 503: 1}
    assert texts_answered(llmock) == Counter(TITLES)
    llmock.assert_resilient(strict=True)


def test_an_outage_in_the_middle_loses_nothing(llmock, embed):
    """As long as the retries last."""
    llmock.add(Fail(503, retry_after=0.1, times=8, match=Later()))
    _, report = embed()
    assert report.sent == len(TITLES)
    assert Counter(r.status for r in llmock.requests) == {200: REQUESTS, 503: 8}
    llmock.assert_resilient(strict=True)


def test_an_outage_that_lasts_ends_the_run_and_costs_nothing(llmock, embed):
    """What came before it is stored; the next run sends only the rest."""
    llmock.add(Fail(503, retry_after=0.1, times=None, match=Later()))
    with pytest.raises(EmbeddingError) as caught:
        embed(max_retries=1, stop_after_failures=3)
    message = str(caught.value)
    assert message.startswith("15 of 60 done, ")
    assert "answered 503" in message
    assert "requests in a row failed); run again to resume" in message
    assert len(llmock.requests) < 5 + 2 * REQUESTS
    llmock.assert_resilient(strict=True)
    paid = texts_answered(llmock)
    llmock.reset()
    _, report = embed()
    assert (report.cached, report.sent) == (15, 45)
    assert paid + texts_answered(llmock) == Counter(TITLES)


def test_what_no_retry_can_fix_is_not_retried(llmock, embed):
    """A refused key ends the run at once."""
    llmock.fail(401, times=None)
    with pytest.raises(EmbeddingError, match="key in OPENAI_API_KEY"):
        embed(concurrency=1)
    assert len(llmock.requests) == 1
    llmock.assert_resilient(strict=True)
