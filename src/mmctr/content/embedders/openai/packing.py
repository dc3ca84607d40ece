"""How texts are packed into requests of the embeddings API.

Limits are OpenAI's (API reference, "Create embeddings"): 2048 inputs a request, 8192
tokens an input, 300,000 tokens a request. No tokenizer is needed to keep them: a token
is at least one byte, so the number of UTF-8 bytes bounds the number of tokens.
"""

from collections.abc import Sequence

MAX_TOKENS_PER_TEXT = 8191
MAX_TOKENS_PER_REQUEST = 300_000


def cut_text(text: str, max_bytes: int = MAX_TOKENS_PER_TEXT) -> str:
    """Cut a text to a number of UTF-8 bytes, at the border of a character.

    Args:
        text: Any text.
        max_bytes: Most bytes to keep.

    Returns:
        The longest beginning of ``text`` of at most ``max_bytes`` bytes.
    """
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    return encoded[:max_bytes].decode(errors="ignore")


def pack_requests(
    sizes: Sequence[int],
    request_size: int,
    max_bytes: int = MAX_TOKENS_PER_REQUEST,
) -> list[slice]:
    """Split texts into runs of neighbours that each fit one request.

    Args:
        sizes: Bytes of every text, each at most ``max_bytes``.
        request_size: Most texts a run.
        max_bytes: Most bytes a run.

    Returns:
        Slices that cover ``range(len(sizes))`` in order.
    """
    runs = []
    start = filled = 0
    for position, size in enumerate(sizes):
        full = position - start == request_size or filled + size > max_bytes
        if full and position > start:
            runs.append(slice(start, position))
            start, filled = position, 0
        filled += size
    if start < len(sizes):
        runs.append(slice(start, len(sizes)))
    return runs
