"""Fixtures of the embedder tests."""

from collections.abc import Iterator

import pytest
from embedding_contract_server import KEY, ContractServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ContractServer]:
    """The contract server on a free port, with a valid key in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    contract = ContractServer()
    yield contract
    contract.stop()
