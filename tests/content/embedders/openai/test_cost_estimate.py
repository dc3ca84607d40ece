"""The plan before the bill, the limit of the bill, and what the cache saves."""

import logging

import numpy as np
import pytest
from embedding_contract_server import ContractServer

from mmctr.content.embedders.embed import embed_modalities, embed_texts
from mmctr.content.embedders.errors import DryRun
from mmctr.content.embedders.openai.api import OpenAIEmbedder
from mmctr.content.embedders.openai.cost_estimate import (
    CostEstimate,
    EmbeddingCostError,
)
from mmctr.content.embedders.params import EmbeddingParams, OpenAIParams
from mmctr.content.embedders.protocol import EmbedderContext
from mmctr.content.vectors import ModalityParams

TITLES = ["red car", None, "red car ", "", "blue boat", "né"]
BYTES = len("red car") + len("blue boat") + len("né".encode())


def params_for(server: ContractServer, tmp_path, **changes) -> EmbeddingParams:
    """Parameters with a cache in a file."""
    settings = {"base_url": server.url, "dimensions": 16, "request_size": 2}
    return EmbeddingParams(
        provider="openai",
        cache=tmp_path / "cache.sqlite",
        openai=OpenAIParams(**(settings | changes)),
    )


def rows_of(plan: str) -> dict[str, str]:
    """The printed plan as names and values."""
    lines = plan.splitlines()[1:]
    return {line[:19].strip(): line[19:].strip() for line in lines}


def test_a_dry_run_shows_the_plan_and_does_nothing(server, tmp_path, monkeypatch):
    """It needs no key, sends nothing and makes no file."""
    monkeypatch.delenv("OPENAI_API_KEY")
    params = params_for(server, tmp_path, dry_run=True, usd_per_million_tokens=2)
    with pytest.raises(DryRun) as end:
        embed_texts(TITLES, params)
    assert rows_of(str(end.value)) == {
        "titles": "4",
        "unique": "3",
        "cached": "0",
        "to send": "3",
        "cut to the limit": "0",
        "requests": "2",
        "tokens, at most": str(BYTES),
        "cost, at most": "$0.0000",
    }
    assert end.value.code == 0
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []


def test_the_plan_knows_what_is_cached(server, tmp_path):
    """Then nothing is left to send, and no key is needed."""
    embed_texts(TITLES[:3], params_for(server, tmp_path))
    with pytest.raises(DryRun) as end:
        embed_texts(TITLES, params_for(server, tmp_path, dry_run=True))
    rows = rows_of(str(end.value))
    assert (rows["cached"], rows["to send"], rows["requests"]) == ("1", "2", "1")


def test_a_second_run_sends_nothing(server, tmp_path, monkeypatch):
    """Its vectors are the same bit by bit, and its report says so."""
    first, report = embed_texts(TITLES, params_for(server, tmp_path))
    assert (report.cached, report.sent, report.requests) == (0, 3, 2)
    assert report.cost_bound_usd == pytest.approx(BYTES * 0.13e-6)
    assert report.seconds > 0
    sent = len(server.requests)
    monkeypatch.delenv("OPENAI_API_KEY")
    second, report = embed_texts(TITLES[::-1], params_for(server, tmp_path))
    np.testing.assert_array_equal(second[::-1], first)
    assert len(server.requests) == sent
    assert (report.cached, report.sent, report.requests) == (3, 0, 0)
    assert (report.cost_bound_usd, report.tokens, report.failed) == (0, 0, 0)


@pytest.mark.parametrize("changes", [{"model": "other"}, {"dimensions": 8}])
def test_another_model_or_width_finds_no_old_vectors(server, tmp_path, changes):
    """All is sent again."""
    embed_texts(TITLES, params_for(server, tmp_path))
    vectors, report = embed_texts(TITLES, params_for(server, tmp_path, **changes))
    assert (report.cached, report.sent) == (0, 3)
    assert vectors.shape == (6, changes.get("dimensions", 16))


def test_the_plan_is_logged(server, tmp_path, caplog):
    """Before every run."""
    caplog.set_level(logging.INFO, "mmctr")
    embed_texts(TITLES, params_for(server, tmp_path))
    assert "embedding plan for text-embedding-3-large" in caplog.text


def test_a_bill_above_the_limit_is_refused(server, tmp_path):
    """The message has amount, limit and parameter; nothing is sent."""
    params = params_for(server, tmp_path, usd_per_million_tokens=1e6, max_cost_usd=18.9)
    with pytest.raises(EmbeddingCostError) as caught:
        embed_texts(TITLES, params)
    assert f"${BYTES}.0000, above embedding.openai.max_cost_usd = 18.9" in str(
        caught.value
    )
    assert server.requests == []


@pytest.mark.parametrize(
    "changes",
    [
        {"usd_per_million_tokens": 1e6, "max_cost_usd": BYTES},
        {"usd_per_million_tokens": 1e6, "max_cost_usd": None},
        {"usd_per_million_tokens": 0, "max_cost_usd": 0},
        {"usd_per_million_tokens": None, "max_cost_usd": None},
    ],
)
def test_a_bill_within_the_limit(server, tmp_path, changes):
    """The limit itself is allowed."""
    _, report = embed_texts(TITLES, params_for(server, tmp_path, **changes))
    assert report.sent == 3


def test_a_limit_needs_a_price(server, tmp_path):
    """An unknown bill may be above any limit."""
    params = params_for(server, tmp_path, usd_per_million_tokens=None, max_cost_usd=9)
    with pytest.raises(EmbeddingCostError, match="price .* is not known"):
        embed_texts(TITLES, params)
    assert server.requests == []


def test_the_bill_of_the_challenge():
    """91,717 titles of 60 bytes each."""
    plan = CostEstimate("m", 91_717, 91_717, 0, 0, 180, 91_717 * 60, 0.13)
    assert plan.most_usd == pytest.approx(0.7154, abs=1e-4)
    assert rows_of(plan.describe())["to send"] == "91,717"
    assert rows_of(plan.describe())["cost, at most"] == "$0.7154"


def test_requests_keep_within_a_minutes_budget(server):
    """A request larger than the budget would be refused for ever."""
    params = OpenAIParams(
        base_url=server.url, dimensions=16, tokens_per_minute=8192, concurrency=1
    )
    embedder = OpenAIEmbedder(params, EmbedderContext())
    naps = []

    class NoWait:
        def __init__(self, budget):
            assert budget == 8192

        def seconds_left(self):
            return 0

        def spend(self, tokens):
            naps.append(tokens)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmctr.content.embedders.openai.direct.TokenRateLimiter", NoWait)
        embedder.embed(["x" * 5000 + str(i) for i in range(3)])
    assert naps == [5001, 5001, 5001]
    assert len(server.requests) == 3


def two_texts() -> dict[str, tuple[list[str | None], ModalityParams]]:
    tags = ["toys", "toys", "red car", None, "boats", "toys"]
    return {
        "title": (TITLES, ModalityParams(column="title")),
        "tag": (tags, ModalityParams(column="tag")),
    }


def test_the_limit_is_that_of_all_modalities_together(server, tmp_path):
    """Equal texts of two modalities are sent once."""
    together = BYTES + len("toys") + len("boats")
    cost = {"usd_per_million_tokens": 1e6, "max_cost_usd": together - 0.5}
    with pytest.raises(EmbeddingCostError, match=rf"cost, at most +\${together}"):
        embed_modalities(two_texts(), params_for(server, tmp_path, **cost))
    assert server.requests == []
    cost["max_cost_usd"] = together
    params = params_for(server, tmp_path, **cost)
    found = embed_modalities(two_texts(), params)
    alone, report = embed_texts(TITLES, params)
    np.testing.assert_array_equal(found["title"][0], alone)
    np.testing.assert_array_equal(found["tag"][0][2], alone[0])
    assert report.cached == 3
    assert found["tag"][1].sent == found["title"][1].sent == 5
    assert found["tag"][1].embedded_with == ["title"]
    assert found["tag"][1].unique_titles == 3


def test_a_modality_of_another_provider_costs_nothing(server, tmp_path):
    texts = two_texts()
    texts["tag"] = (texts["tag"][0], ModalityParams(column="tag", provider="lsa"))
    found = embed_modalities(texts, params_for(server, tmp_path))
    assert found["title"][1].sent == 3
    assert (found["tag"][1].sent, found["tag"][1].provider) == (None, "lsa")
