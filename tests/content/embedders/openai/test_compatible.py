"""Services that speak the API in a form of their own, over real HTTP."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from embedding_contract_server import (
    KEY,
    Body,
    ContractServer,
    Handler,
    error_body,
    vector_of,
)

from mmctr.content.embedders.errors import EmbeddingError
from mmctr.content.embedders.openai.api import OpenAIEmbedder
from mmctr.content.embedders.params import OpenAIParams
from mmctr.content.embedders.protocol import EmbedderContext

TEXTS = [f"title {i}" for i in range(12)]
EXPECTED = np.array([vector_of(text, 16) for text in TEXTS], dtype=np.float32)
VERSION = "2024-10-21"


class AzureHandler(Handler):
    """Reads the key where Azure does; a Bearer token is none."""

    def key(self) -> str | None:
        """The header of its own."""
        named = self.headers.get("api-key")
        return None if "authorization" in self.headers else f"Bearer {named}"


class AzureServer(ContractServer):
    """Deployments in the path, the version of the interface in the query."""

    handler = AzureHandler

    @property
    def address(self) -> str:
        """What Azure's portal shows as the endpoint."""
        return self.url.removesuffix("/v1")

    def answer(self, path: str, key: str | None, body: Body) -> tuple[int, Body]:
        """Find the deployment, then answer as the plain service does."""
        parts = urlsplit(path)
        if parse_qs(parts.query) != {"api-version": [VERSION]}:
            return 404, error_body("Resource not found")
        if parts.path != "/openai/deployments/our-titles/embeddings":
            return 404, error_body("DeploymentNotFound")
        return super().answer("/v1/embeddings", key, body)


@pytest.fixture
def azure(valid_key) -> Iterator[AzureServer]:
    """Azure on a free port."""
    contract = AzureServer()
    yield contract
    contract.stop()


def embed(base_url: str | None, texts: list[str] = TEXTS, **changes: Any) -> np.ndarray:
    """Embed texts through a service."""
    settings = {"base_url": base_url, "dimensions": 16, "max_retries": 0}
    params = OpenAIParams(**(settings | changes))
    return OpenAIEmbedder(params, EmbedderContext()).embed(texts)[0]


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("", "our-titles"),
        ("/", "our-titles"),
        ("/openai", "our-titles"),
        ("/openai/deployments/our-titles", "text-embedding-3-large"),
    ],
)
def test_azure(azure, path, model):
    """The deployment is the model's name, or stands in the address."""
    found = embed(azure.address + path, model=model, api_version=VERSION)
    np.testing.assert_array_equal(found, EXPECTED)


def test_azure_by_the_environment(azure, monkeypatch):
    """The address as for any service; Azure's own variables of a token are not read."""
    monkeypatch.setenv("OPENAI_BASE_URL", azure.address)
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "another")
    found = embed(None, model="our-titles", api_version=VERSION)
    np.testing.assert_array_equal(found, EXPECTED)


@pytest.mark.parametrize("wrong", [{"model": "other"}, {"api_version": "2020-01-01"}])
def test_azure_without_such_a_deployment_or_version(azure, wrong):
    """The message names both, and the key is nowhere."""
    asked = {"model": "our-titles", "api_version": VERSION} | wrong
    with pytest.raises(EmbeddingError, match=r"\.api_version .* deployment") as found:
        embed(azure.address, **asked)
    assert KEY not in str(found.value)


def test_azure_without_an_address(valid_key):
    """OpenAI's own address would be the wrong one."""
    with pytest.raises(EmbeddingError, match="RESOURCE.openai.azure.com"):
        embed(None, api_version=VERSION)


def test_azures_batches_are_refused():
    """By the parameters, with what to write."""
    with pytest.raises(ValueError, match="mode=direct"):
        OpenAIParams(api_version=VERSION, mode="batch")


@pytest.mark.parametrize("form", ["base64", "float", None])
def test_form_of_the_vectors(server, form):
    """What is sent is what the parameter says, or nothing; vectors are the same."""
    np.testing.assert_array_equal(embed(server.url, encoding_format=form), EXPECTED)
    assert [body.get("encoding_format") for body in server.requests] == [form]
    assert ("encoding_format" in server.requests[0]) == (form is not None)


def test_a_service_that_refuses_base64(server):
    """Its 400 says which parameter to set."""
    server.failures = [(400, "encoding_format is not supported")]
    with pytest.raises(EmbeddingError, match="encoding_format=null"):
        embed(server.url)


@pytest.mark.parametrize("index", [{}, {"index": None}])
def test_vectors_without_index_are_in_order(server, index):
    """As some services send them."""

    def without(answer: Body) -> Body:
        data = sorted(answer["data"], key=lambda entry: entry["index"])
        return answer | {
            "data": [{"embedding": entry["embedding"]} | index for entry in data]
        }

    server.change = without
    np.testing.assert_array_equal(embed(server.url), EXPECTED)


def test_equal_vectors_are_refused(server):
    """A service that answers anything is not one that embeds; nothing is stored."""

    def equal(answer: Body) -> Body:
        same = vector_of("anything", 16)
        return answer | {"data": [e | {"embedding": same} for e in answer["data"]]}

    server.change = equal
    with pytest.raises(EmbeddingError, match="0 of 12 done.*12 different texts are eq"):
        embed(server.url)
    assert embed(server.url, ["Red", "red"]).shape == (2, 16)
