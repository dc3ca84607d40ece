"""The service behind the SDK's client: its address, its key, its failures explained."""

import os
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import openai

from mmctr.content.embedders.errors import EmbeddingError
from mmctr.content.embedders.openai.errors import explain_failure, remove_key
from mmctr.content.embedders.params import OpenAIParams

# Stands in for a key until one is needed; no service takes it.
_NO_KEY = "none"

T = TypeVar("T")


class Service:
    """A client of the SDK and what may be said of it.

    The key is that of ``OPENAI_API_KEY``. Where ``base_url`` is not set, the SDK reads
    the address from ``OPENAI_BASE_URL``.

    Attributes:
        sdk: The client.
        address: Scheme, host, port if it is unusual, and path.
    """

    def __init__(self, params: OpenAIParams) -> None:
        """Prepare a client; nothing is sent, and a key need not be there yet.

        Args:
            params: Address, retries and timeout.

        Raises:
            EmbeddingError: If the address holds a password, or Azure's is not said.
        """
        self.sdk = _client(params)
        url = self.sdk.base_url
        if url.userinfo or url.query:
            raise EmbeddingError(
                "the variable OPENAI_BASE_URL holds a user, a password or a query: "
                "write the address alone, and put the key into OPENAI_API_KEY"
            )
        self.address = str(url).rstrip("/")

    def check_key(self) -> None:
        """Refuse a key that can't be sent; call it before anything is sent.

        Raises:
            EmbeddingError: If it is missing, or no service has such a key.
        """
        key = self.sdk.api_key
        if key == _NO_KEY:
            raise EmbeddingError(
                "embedding.provider is openai, but the variable OPENAI_API_KEY is not "
                "set: export your key, or write it into conf/local/credentials.yml as "
                "`openai: {api_key: ...}` (any word will do for a local service that "
                "asks for none)"
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            # Refused here, as the HTTP library's own complaint would quote the key.
            raise EmbeddingError(
                "the key in OPENAI_API_KEY (or credentials.yml) holds a space, a line "
                "break or a character that no key has: set it again"
            )

    def call(self, send: Callable[[], T]) -> T:
        """Call the SDK.

        Args:
            send: Calls it once.

        Returns:
            What ``send`` returns.

        Raises:
            RequestFailed: In place of the SDK's error, and of a ``ValueError``.
        """
        try:
            return send()
        except (openai.OpenAIError, ValueError) as error:
            failure = explain_failure(error, self.address, self.sdk.api_key)
        # Raised here, not above: a chained exception would carry what the service
        # wrote, perhaps the key, into every traceback.
        raise failure

    def clean(self, text: str) -> str:
        """Remove the key from what the service wrote."""
        return remove_key(text, self.sdk.api_key)


def _client(params: OpenAIParams) -> openai.OpenAI:
    """The SDK's client, in Azure's form where a version of its interface is named."""
    key = os.environ.get("OPENAI_API_KEY") or _NO_KEY
    limits = {"timeout": params.timeout_seconds, "max_retries": params.max_retries}
    if params.api_version is None:
        return openai.OpenAI(api_key=key, base_url=params.base_url, **limits)
    address = params.base_url or os.environ.get("OPENAI_BASE_URL")
    if not address:
        raise EmbeddingError(
            "embedding.openai.api_version is set, so the service is Azure's, but there "
            "is no address: set embedding.openai.base_url to "
            "https://RESOURCE.openai.azure.com"
        )
    if "/openai" not in urlsplit(address).path:
        address = f"{address.rstrip('/')}/openai"
    return openai.AzureOpenAI(
        api_key=key, base_url=address, api_version=params.api_version, **limits
    )
