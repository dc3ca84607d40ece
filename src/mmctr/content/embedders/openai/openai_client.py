"""The SDK's client, and what may be said of it."""

import openai

from mmctr.content.embedders.params import OpenAIParams
from mmctr.content.embedders.protocol import EmbeddingError

# Stands in for a key until one is needed; no service takes it.
_NO_KEY = "none"


def open_client(params: OpenAIParams) -> openai.OpenAI:
    """Prepare a client; nothing is sent, and a key need not be there yet.

    The SDK reads the key from ``OPENAI_API_KEY`` and, where ``base_url`` is not set,
    the address from ``OPENAI_BASE_URL``.

    Args:
        params: Address, retries and timeout.

    Returns:
        The client; ask :func:`check_key` before it sends anything.

    Raises:
        EmbeddingError: If the address holds a password.
    """
    settings = {
        "base_url": params.base_url,
        "timeout": params.timeout_seconds,
        "max_retries": params.max_retries,
    }
    try:
        client = openai.OpenAI(**settings)
    except openai.OpenAIError:  # it misses the key
        client = openai.OpenAI(api_key=_NO_KEY, **settings)
    if client.base_url.userinfo or client.base_url.query:
        raise EmbeddingError(
            "the variable OPENAI_BASE_URL holds a user, a password or a query: write "
            "the address alone, and put the key into OPENAI_API_KEY"
        )
    return client


def check_key(client: openai.OpenAI) -> None:
    """Refuse a key that can't be sent.

    Args:
        client: From :func:`open_client`.

    Raises:
        EmbeddingError: If it is missing, or no service has such a key.
    """
    key = client.api_key
    if not key or key == _NO_KEY:
        raise EmbeddingError(
            "embedding.provider is openai, but the variable OPENAI_API_KEY is not set: "
            "export your key, or write it into conf/local/credentials.yml as "
            "`openai: {api_key: ...}` (any word will do for a local service that asks "
            "for none)"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        # Refused here, as the HTTP library's own complaint would quote the key.
        raise EmbeddingError(
            "the key in OPENAI_API_KEY (or credentials.yml) holds a space, a line "
            "break or a character that no key has: set it again"
        )


def address_of(client: openai.OpenAI) -> str:
    """Write the service's address: scheme, host, port if it is unusual, and path."""
    url = client.base_url
    port = "" if url.port is None else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}{url.path.rstrip('/')}"
