"""The OpenAI embedder, over real HTTP to a server that enforces the contract."""

import logging
import traceback

import numpy as np
import pytest
from embedding_contract_server import KEY, NATIVE_WIDTH, ContractServer, vector_of

from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.errors import EmbeddingError
from mmctr.content.embedders.openai.api import OpenAIEmbedder
from mmctr.content.embedders.params import EmbeddingParams, OpenAIParams
from mmctr.content.embedders.protocol import EmbedderContext


def make(params: OpenAIParams) -> OpenAIEmbedder:
    """The embedder, with a cache that ends with it."""
    return OpenAIEmbedder(params, EmbedderContext())


def openai_params(server: ContractServer, **changes) -> OpenAIParams:
    """Parameters that point at the server."""
    settings = {"base_url": server.url, "dimensions": 16, "max_retries": 3}
    return OpenAIParams(**(settings | changes))


def test_vectors_follow_the_texts_not_the_order_of_arrival(server):
    """The server answers in reversed order and the requests overtake each other."""
    texts = [f"title number {i}" for i in range(23)]
    embedder = make(openai_params(server, request_size=4, concurrency=3))
    vectors, _ = embedder.embed(texts)
    expected = np.array([vector_of(text, 16) for text in texts], dtype=np.float32)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, expected)


def test_what_is_sent(server):
    """Every text once, a limited number per request, with model, width and format."""
    texts = [f"title {i}" for i in range(10)]
    embedder = make(
        openai_params(server, request_size=4, concurrency=1, model="small-one")
    )
    _, usage = embedder.embed(texts)
    assert [len(body["input"]) for body in server.requests] == [4, 4, 2]
    assert server.inputs == texts
    assert set(server.keys) == {f"Bearer {KEY}"}
    for body in server.requests:
        assert {k: v for k, v in body.items() if k != "input"} == {
            "model": "small-one",
            "dimensions": 16,
            "encoding_format": "base64",
        }
    assert (usage.requests, usage.tokens, usage.cut_titles) == (3, 20, 0)


def test_dimensions_are_not_sent_when_null(server):
    """A model with one width refuses the field, so null leaves it out."""
    embedder = make(openai_params(server, dimensions=None))
    assert embedder.embed(["a title"])[0].shape == (1, NATIVE_WIDTH)
    assert "dimensions" not in server.requests[0]


def test_base_url_from_the_environment(server, monkeypatch):
    """Without base_url the SDK's own variable holds."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    make(openai_params(server, base_url=None)).embed(["a title"])
    assert server.inputs == ["a title"]


def test_limits_hold_for_long_texts(server):
    """Long texts are cut at a character and requests are split by size."""
    texts = ["é" * 5000 + str(i) for i in range(40)]  # 10,001 bytes, 2 a character
    embedder = make(openai_params(server, request_size=2048))
    vectors, usage = embedder.embed(texts)
    assert vectors.shape == (40, 16)
    assert usage.cut_titles == 40
    assert set(server.inputs) == {"é" * 4095}
    assert [len(body["input"]) for body in server.requests] != [40]


def test_requests_run_at_the_same_time(server):
    """No more than ``concurrency``, but more than one."""
    server.delay_seconds = 0.1
    embedder = make(openai_params(server, request_size=1, concurrency=3))
    embedder.embed([f"title {i}" for i in range(6)])
    assert 1 < server.most_in_flight <= 3


@pytest.mark.parametrize("texts", [["a", "  "], [""], []])
def test_blank_texts_are_refused_before_sending(server, texts):
    """One blank text would cost the whole request."""
    with pytest.raises(ValueError, match="blank|no text"):
        make(openai_params(server)).embed(texts)
    assert server.requests == []


@pytest.mark.parametrize("key", [None, ""])
def test_missing_key(server, monkeypatch, key):
    """The message names the variable, before anything is sent."""
    if key is None:
        monkeypatch.delenv("OPENAI_API_KEY")
    else:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(EmbeddingError, match="OPENAI_API_KEY is not set"):
        make(openai_params(server)).embed(["a title"])
    assert server.requests == []


@pytest.mark.parametrize("key", [KEY + "\n", "sk test", "sk-tést"])
def test_damaged_key_is_refused_and_not_repeated(server, monkeypatch, key):
    """The HTTP library would quote such a header in its error."""
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(EmbeddingError, match="OPENAI_API_KEY .* holds") as caught:
        make(openai_params(server)).embed(["a title"])
    assert key.strip() not in str(caught.value)


def test_password_in_the_address_of_the_environment(server, monkeypatch):
    """Addresses are logged by the HTTP library, so they may hold no secret."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:hunter2@127.0.0.1:9/v1")
    with pytest.raises(EmbeddingError, match="OPENAI_BASE_URL") as caught:
        make(openai_params(server, base_url=None))
    assert "hunter2" not in str(caught.value)


def test_the_key_is_nowhere_to_be_read(server, caplog):
    """Not in logs at DEBUG, errors, their chain, repr or version."""
    caplog.set_level(logging.DEBUG)
    params = openai_params(server, max_retries=1)
    embedder = make(params)
    _, usage = embedder.embed(["a title"])
    server.failures = [(401, f"Incorrect API key provided: {KEY}")]
    with pytest.raises(EmbeddingError) as refused:
        embedder.embed(["b"])
    server.raw_answer = f'{{"key": "{KEY}", '.encode()
    with pytest.raises(EmbeddingError) as unreadable:
        embedder.embed(["b"])
    server.raw_answer = None
    server.change = lambda answer: {"data": KEY}
    with pytest.raises(EmbeddingError) as unusable:
        embedder.embed(["b"])
    texts = [repr(embedder), embedder.version(), repr(params), str(usage)]
    for caught in (refused, unreadable, unusable):
        texts.append("".join(traceback.format_exception(caught.value)))
        assert caught.value.__cause__ is None
    assert "***" in str(refused.value)
    assert all(KEY not in text for text in texts)
    formatter = logging.Formatter("%(message)s %(args)s")
    records = [formatter.format(record) for record in caplog.records]
    assert any("embeddings" in record for record in records)
    assert all(KEY not in record for record in records)


def test_version_tells_model_width_and_address(server):
    """Whatever changes the vectors changes the version."""
    versions = {
        make(openai_params(server, **changes)).version()
        for changes in (
            {},
            {"model": "other"},
            {"dimensions": 8},
            {"dimensions": None},
            {"base_url": "http://127.0.0.1:1/v2"},
        )
    }
    assert len(versions) == 5


def test_titles_through_the_service(server, capsys):
    """Equal titles are sent once, blank ones never, and the report counts them."""
    params = EmbeddingParams(
        provider="openai", openai=openai_params(server), progress=True
    )
    titles = ["red car", None, " red car ", "", "blue boat"]
    vectors, report = embed_texts(titles, params)
    assert server.inputs == ["red car", "blue boat"]
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_allclose(
        np.linalg.norm(vectors, axis=1), [1, 0, 1, 0, 1], atol=1e-6
    )
    assert report.model_dump() | {"version": "", "seconds": 0} == {
        "provider": "openai",
        "version": "",
        "rows": 5,
        "width": 16,
        "unique_titles": 2,
        "empty_titles": 2,
        "empty_title": "zero",
        "zero_rows": 2,
        "cut_titles": 0,
        "cached": 0,
        "precision": None,
        "sent": 2,
        "failed": 0,
        "requests": 1,
        "tokens": 4,
        "cost_bound_usd": pytest.approx(16 * 0.13e-6),
        "seconds": 0,
        "embedded_with": [],
    }
    assert "Embedding titles" in capsys.readouterr().err


def test_a_service_that_counts_no_tokens(server):
    """Compatible services may leave usage out."""
    server.change = lambda answer: {k: answer[k] for k in ("object", "model", "data")}
    embedder = make(openai_params(server))
    _, usage = embedder.embed(["a title"])
    assert usage.tokens is None
