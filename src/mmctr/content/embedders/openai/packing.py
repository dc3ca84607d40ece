"""How texts are packed into requests of the embeddings API.

Limits are OpenAI's (API reference, "Create embeddings"): 2048 inputs per request, 8192
tokens per input, 300,000 tokens per request. No tokenizer is needed to keep them: a
token is at least one byte, so the number of UTF-8 bytes bounds the number of tokens.
"""

from collections.abc import Sequence

MAX_TOKENS_PER_TEXT = 8191
MAX_TOKENS_PER_REQUEST = 300_000


def cut_text(text: str, max_bytes: int = MAX_TOKENS_PER_TEXT) -> str:
    """Cut a text to a number of UTF-8 bytes, never inside a character.

    Args:
        text: Any text.
        max_bytes: Most bytes to keep.

    Returns:
        The longest beginning of ``text`` of at most ``max_bytes`` bytes.
    """
    return text.encode()[:max_bytes].decode(errors="ignore")


def pack_requests(
    sizes: Sequence[int],
    request_size: int,
    max_bytes: int = MAX_TOKENS_PER_REQUEST,
) -> list[slice]:
    """Split texts into runs of neighbours that each fit one request.

    Args:
        sizes: Bytes of every text, each at most ``max_bytes``.
        request_size: Most texts per run.
        max_bytes: Most bytes per run.

    Returns:
        Slices that cover ``range(len(sizes))`` in order.
    """
    runs: list[slice] = []
    filled = 0
    for position, size in enumerate(sizes):
        start = runs[-1].start if runs else 0
        if not runs or position - start == request_size or filled + size > max_bytes:
            runs.append(slice(position, position + 1))
            filled = size
        else:
            runs[-1] = slice(start, position + 1)
            filled += size
    return runs
