"""Every way a service can fail has its own message, and costs nothing that is done."""

import base64
from collections.abc import Callable

import numpy as np
import pytest
from embedding_contract_server import NATIVE_WIDTH, ContractServer, vector_of

from mmctr.content.embedders.errors import EmbeddingError
from mmctr.content.embedders.openai.api import OpenAIEmbedder
from mmctr.content.embedders.params import OpenAIParams
from mmctr.content.embedders.protocol import EmbedderContext

TEXTS = [f"title {i}" for i in range(12)]


@pytest.fixture
def embedder(server: ContractServer) -> Callable[..., OpenAIEmbedder]:
    """Makes embedders that point at the server and share one cache."""
    context = EmbedderContext()

    def make(**changes) -> OpenAIEmbedder:
        settings = {
            "base_url": server.url,
            "dimensions": 16,
            "max_retries": 1,
            "concurrency": 1,
        }
        return OpenAIEmbedder(OpenAIParams(**(settings | changes)), context)

    return make


def message_of(embedder: OpenAIEmbedder, texts: list[str]) -> str:
    """The message of the failure that must come."""
    with pytest.raises(EmbeddingError) as caught:
        embedder.embed(texts)
    assert str(caught.value).endswith("; run again to resume")
    assert caught.value.__cause__ is None
    return str(caught.value)


def expected(texts: list[str]) -> np.ndarray:
    """What the server's model makes of them."""
    return np.array([vector_of(text, 16) for text in texts], dtype=np.float32)


def test_a_failing_request_costs_no_other(server, embedder):
    """The rest is stored; the next run sends only what is missing."""
    server.bad_texts = {"title 4": 500}
    message = message_of(embedder(request_size=3), TEXTS)
    assert message.startswith("9 of 12 done, 3 failed: ")
    assert "answered 500" in message
    server.bad_texts = {}
    server.requests.clear()
    vectors, usage = embedder(request_size=3).embed(TEXTS)
    np.testing.assert_array_equal(vectors, expected(TEXTS))
    assert server.inputs == TEXTS[3:6]
    assert (usage.cached, usage.sent, usage.requests) == (9, 3, 1)


def test_different_reasons_are_listed(server, embedder):
    """Two kinds of failure in one run."""
    server.bad_texts = {"title 4": 500, "title 7": 400}
    message = message_of(embedder(request_size=3), TEXTS)
    assert message.startswith("6 of 12 done, 6 failed: ")
    assert "answered 500" in message
    assert "; or: " in message
    assert "answered 400" in message


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_at_once(server, embedder, status):
    """No second request is sent with the same key."""
    server.failures = [(status, "no")] * 100
    message = message_of(embedder(request_size=1), TEXTS)
    assert len(server.requests) == 1
    assert message.startswith("0 of 12 done, 1 failed: ")
    assert "OPENAI_API_KEY (or credentials.yml)" in message
    assert "11 not sent (they would fail for the same reason)" in message


def test_a_used_up_quota_stops_at_once(server, embedder):
    """Waiting does not help against its 429."""
    server.failures = [(429, "You exceeded your current quota")] * 100
    server.error_code = "insufficient_quota"
    message = message_of(embedder(request_size=1), TEXTS)
    assert len(server.requests) == 2  # the SDK can't know and tries again
    assert "add credit" in message


@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_ends_the_run(server, embedder, status):
    """What came before is stored, the rest is not tried."""
    server.bad_texts = dict.fromkeys(TEXTS[2:], status)
    params = {"request_size": 1, "stop_after_failures": 4}
    message = message_of(embedder(**params), TEXTS)
    assert message.startswith("2 of 12 done, 4 failed: ")
    assert f"answered {status}" in message
    assert "6 not sent (4 requests in a row failed)" in message
    assert len(server.requests) == 2 + 4 * 2


def test_scattered_failures_are_no_storm(server, embedder):
    """Only failures in a row count."""
    server.bad_texts = dict.fromkeys(TEXTS[::2], 503)
    params = {"request_size": 1, "stop_after_failures": 2}
    assert message_of(embedder(**params), TEXTS).startswith("6 of 12 done, 6 failed")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_passing_failures_are_retried(server, embedder, status):
    """The answer after two failures is as good as one at once."""
    server.failures = [(status, "not now")] * 2
    vectors, _ = embedder(max_retries=3).embed(["a title"])
    np.testing.assert_array_equal(vectors, expected(["a title"]))
    assert len(server.requests) == 3


def test_retry_after_is_obeyed(server, embedder, monkeypatch):
    """The SDK sleeps as long as the service asks."""
    naps = []
    monkeypatch.setattr("time.sleep", naps.append)
    server.headers = {"retry-after": "7"}
    server.failures = [(429, "slow down")]
    embedder(max_retries=3).embed(["a title"])
    assert 7.0 in naps


def test_a_long_retry_after_is_in_the_message(server, embedder):
    """The SDK does not wait for more than two minutes."""
    server.headers = {"retry-after": "3600"}
    server.failures = [(429, "come back later")]
    message = message_of(embedder(max_retries=3), ["a title"])
    assert "answered 429, and asks to wait 3600 seconds" in message
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "embedding.openai.model"),
        (404, "base_url"),
        (413, "request_size"),
        (418, "refused"),
        (429, "tokens_per_minute"),
        (500, "try again later"),
    ],
)
def test_lasting_failures_say_what_to_do(server, embedder, status, advice):
    """Address, status and advice, and the server's own words on one line."""
    server.failures = [(status, "the reason\nis here")] * 10
    message = message_of(embedder(), ["a title"])
    assert f"{server.url} answered {status}: " in message
    assert advice in message
    assert "the reason is here" in message


def _drop_one(answer):
    return answer | {"data": answer["data"][1:]}


def _with_index(answer, index):
    """The first answer, the one of the last text, gets another index."""
    return answer | {
        "data": [answer["data"][0] | {"index": index}, *answer["data"][1:]]
    }


def _embeddings(answer, change):
    """Change every vector; entries come in reversed order."""
    data = [
        e | {"embedding": change(e["embedding"], e["index"])} for e in answer["data"]
    ]
    return answer | {"data": data}


def _one(bad):
    """Put something in the place of index 1's vector."""
    return lambda answer: _embeddings(answer, lambda v, i: bad if i == 1 else v)


NAN = [float("nan")] * 16


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_drop_one, "2 vectors for 3 texts"),
        (lambda a: _with_index(a, 0), "index 0 occurs twice"),
        (lambda a: _with_index(a, 3), r"index 3 is outside 0..2"),
        (lambda a: _with_index(a, -1), r"index -1 is outside 0..2"),
        (lambda a: _with_index(a, "2"), "index is '2', no whole number"),
        (lambda a: _with_index(a, None), "index is None, no whole number"),
        (
            lambda a: _embeddings(a, lambda v, _: v[:5]),
            "5 wide, expected 16; set embedding.openai.dimensions to 5",
        ),
        (lambda a: _embeddings(a, lambda v, i: v[i:]), "vectors are 14 and 16 wide"),
        (_one(NAN), "index 1 holds NaN"),
        (_one([*([0.0] * 15), float("inf")]), "index 1 holds NaN or infinity"),
        (_one([0.0] * 16), "index 1 is zero"),
        (_one("not base64!"), "index 1 is no base64"),
        (_one(base64.b64encode(b"12345").decode()), "index 1 has 5 bytes"),
        (_one(""), "index 1 has 0 bytes"),
        (_one(None), "index 1 is no row of numbers"),
        (_one({"a": 1}), "index 1 holds no numbers"),
        (lambda a: {"object": "list", "model": "m"}, "no list of vectors"),
        (lambda a: a | {"data": "vectors"}, "no list of vectors"),
    ],
)
def test_answers_that_are_not_as_promised(server, embedder, change, complaint):
    """Each has its own message, and nothing of it is stored."""
    server.change = change
    message = message_of(embedder(), TEXTS[:3])
    assert message.startswith("0 of 3 done, 3 failed: ")
    assert complaint in message
    server.change = lambda answer: answer
    vectors, _ = embedder().embed(TEXTS[:3])
    np.testing.assert_array_equal(vectors, expected(TEXTS[:3]))


@pytest.mark.parametrize("bad", [[[1.0]] * 16, []])
def test_plain_numbers_are_checked_too(server, embedder, monkeypatch, bad):
    """The answers of a service that does not know base64."""
    monkeypatch.setattr("embedding_contract_server.encode", lambda answer, body: answer)
    server.change = _one(bad)
    assert "index 1" in message_of(embedder(), TEXTS[:3])


def test_a_service_that_does_not_know_base64(server, embedder, monkeypatch):
    """Plain numbers work, too."""
    monkeypatch.setattr("embedding_contract_server.encode", lambda answer, body: answer)
    vectors, _ = embedder().embed(TEXTS)
    np.testing.assert_array_equal(vectors, expected(TEXTS))


def test_width_may_not_change_between_requests(server, embedder):
    """Without a requested width, the first request's width holds for all later ones."""
    widths = iter([12, 7, 9])
    server.change = lambda a: _embeddings(a, lambda v, _: [1.0] * next(widths))
    params = {"dimensions": None, "request_size": 1}
    message = message_of(embedder(**params), ["a", "b"])
    assert message.startswith("1 of 2 done")
    assert "12 wide and later 7 wide" in message
    assert "12 wide and later 9 wide" in message_of(embedder(**params), ["a", "b"])


def test_no_width_asked_for(server, embedder):
    """The model's own."""
    assert embedder(dimensions=None).embed(["a"])[0].shape == (1, NATIVE_WIDTH)


@pytest.mark.parametrize(
    "content", [b'{"object": "list", "data": [{"index": 0, "emb', b"", b"<html>hello"]
)
def test_answers_that_are_no_json(server, embedder, content):
    """Cut off within the announced length, empty, or a page declared as JSON."""
    server.raw_answer = content
    assert "cannot be read" in message_of(embedder(), ["a title"])


def test_a_web_page(server, embedder):
    """As a wrong address or a gateway's log-in answers."""
    server.raw_answer, server.content_type = b"<html>log in</html>", "text/html"
    message = message_of(embedder(), ["a title"])
    assert "a page of text or HTML in place of vectors" in message
    assert "base_url" in message


def test_an_answer_that_breaks_off(server, embedder):
    """Fewer bytes than announced: retried, then an error."""
    server.breaks_off = True
    assert "broke off" in message_of(embedder(), ["a title"])
    assert len(server.requests) == 2


def test_no_answer_in_time(server, embedder):
    """A service that hangs names the parameter to raise."""
    server.delay_seconds = 0.5
    message = message_of(embedder(timeout_seconds=0.05, max_retries=0), ["a title"])
    assert "no answer in time" in message
    assert "timeout_seconds" in message


def test_nobody_listens(server, embedder):
    """A refused connection names the address."""
    server.stop()
    message = message_of(embedder(max_retries=0), ["a title"])
    assert f"{server.url} could not be reached" in message
    server.stop = lambda: None  # the fixture stops it, too
