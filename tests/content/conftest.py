"""Fixtures of the embedder tests."""

import socket
from collections.abc import Iterator

import pytest
from batch_contract_server import BatchContractServer
from batch_runs import TITLES
from embedding_contract_server import KEY, ContractServer

from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection fails the test."""

    def refuse(*_):
        raise AssertionError("the network was used")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def valid_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key the servers take, and no other address or proxy, in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def server(valid_key) -> Iterator[ContractServer]:
    """The contract server on a free port."""
    contract = ContractServer()
    yield contract
    contract.stop()


@pytest.fixture
def service(valid_key) -> Iterator[BatchContractServer]:
    """The contract server with files and batches."""
    contract = BatchContractServer()
    yield contract
    contract.stop()


@pytest.fixture
def settings(service, tmp_path):
    """Make parameters: two batches of the titles, of seven lines in all."""

    def build(*, batch=None, cache="cache.sqlite", **changes) -> EmbeddingParams:
        openai = {
            "base_url": service.url,
            "dimensions": 16,
            "max_retries": 3,
            "mode": "batch",
            "request_size": 3,
            "batch": {"poll_seconds": 0.01, "max_inputs": 12} | (batch or {}),
        }
        return EmbeddingParams(
            provider="openai", cache=tmp_path / cache, openai=openai | changes
        )

    return build


@pytest.fixture
def run(settings):
    """Run the embedding step: titles in, unit vectors and a report out."""

    def embed(titles=TITLES, **changes):
        return embed_texts(titles, settings(**changes))

    return embed
