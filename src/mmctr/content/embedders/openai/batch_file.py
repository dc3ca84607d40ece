"""The files of OpenAI's Batch API: JSON lines of requests, JSON lines of answers.

Limits and formats are those of https://platform.openai.com/docs/guides/batch: 50,000
requests and 50,000 embedding inputs per batch, 200 MB per file. Answers come in any
order, and failed lines are in a second file.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any

from mmctr.content.embedders.openai.answers import Answer, as_dictionary, read_answer
from mmctr.content.embedders.openai.packing import pack_requests

ENDPOINT = "/v1/embeddings"
MAX_INPUTS_PER_BATCH = 50_000
MAX_REQUESTS_PER_BATCH = 50_000
# 200 MB, with room for what is not counted below.
MAX_BYTES_PER_FILE = 190_000_000

# A line without its texts, and quotes and comma per text.
_LINE_BYTES = 512
_TEXT_BYTES = 4
_DIGEST_DIGITS = 16


def pack_batches(
    texts: Sequence[str], request_size: int, max_inputs: int
) -> list[tuple[slice, list[slice]]]:
    """Split texts into batches, and batches into requests.

    Args:
        texts: Texts that were cut to the limit of one input.
        request_size: Most texts per request.
        max_inputs: Most texts per batch, at most ``MAX_INPUTS_PER_BATCH``.

    Returns:
        For every batch its texts, and the texts of each of its requests, counted from
        the first text of the batch.
    """
    batches: list[tuple[slice, list[slice]]] = []
    filled = 0
    sizes = [len(text.encode()) for text in texts]
    for run in pack_requests(sizes, min(request_size, max_inputs)):
        size = _LINE_BYTES + sum(_written_bytes(text) for text in texts[run])
        if (
            not batches
            or run.stop - batches[-1][0].start > max_inputs
            or filled + size > MAX_BYTES_PER_FILE
            or len(batches[-1][1]) == MAX_REQUESTS_PER_BATCH
        ):
            batches.append((run, []))
            filled = 0
        first, requests = batches[-1]
        requests.append(slice(run.start - first.start, run.stop - first.start))
        batches[-1] = slice(first.start, run.stop), requests
        filled += size
    return batches


def write_requests(
    texts: Sequence[str],
    keys: Sequence[bytes],
    requests: Sequence[slice],
    body: dict[str, Any],
) -> bytes:
    """Write the input file of a batch.

    Args:
        texts: Texts of the batch.
        keys: The cache's key of each.
        requests: The texts of each request.
        body: The fields of a request beside its input.

    Returns:
        JSON lines in ASCII: some readers split lines at other characters, too.
    """
    content = BytesIO()
    for part in requests:
        line = {
            "custom_id": line_id(keys, part),
            "method": "POST",
            "url": ENDPOINT,
            "body": {**body, "input": list(texts[part])},
        }
        content.write(json.dumps(line).encode("ascii") + b"\n")
    return content.getvalue()


def line_id(keys: Sequence[bytes], part: slice) -> str:
    """Name a line by the positions of its texts, and a hash of their keys.

    Positions find the texts without a search, the hash proves that they are the ones
    the line was made of.

    Args:
        keys: Keys of all texts of the batch, in the order kept in the cache.
        part: Which of them the line holds.

    Returns:
        At most 32 characters.
    """
    digest = sha256(b"".join(keys[part])).hexdigest()[:_DIGEST_DIGITS]
    return f"{part.start}-{part.stop}-{digest}"


def read_answers(
    content: bytes, keys: Sequence[bytes], width: int | None
) -> Iterator[tuple[slice, Answer | str]]:
    """Read an output or error file; lines of unknown texts are left out.

    Args:
        content: JSON lines, in any order, perhaps cut off.
        keys: Keys of the texts of the batch, in the order they were sent.
        width: Width the vectors must have; None: that of the first.

    Yields:
        For every line the positions of its texts in the batch, and their vectors, or
        why there are none.
    """
    for line in BytesIO(content):
        try:
            answer = json.loads(line)
            part = _find_part(answer["custom_id"], keys)
        except (ValueError, TypeError, KeyError):
            continue
        read = _read_line(answer, part.stop - part.start, width)
        if isinstance(read, Answer):
            width = read.vectors.shape[1]
        yield part, read


def _written_bytes(text: str) -> int:
    return len(json.dumps(text)) + _TEXT_BYTES


def _find_part(name: object, keys: Sequence[bytes]) -> slice:
    """Return the texts of a line; raises ValueError if it is not of this batch."""
    start, stop, _ = str(name).split("-")
    part = slice(int(start), int(stop))
    if not 0 <= part.start < part.stop <= len(keys) or line_id(keys, part) != name:
        raise ValueError("not a line of this batch")
    return part


def _read_line(answer: dict[str, Any], n_texts: int, width: int | None) -> Answer | str:
    response = as_dictionary(answer.get("response"))
    body, status = as_dictionary(response.get("body")), response.get("status_code")
    if answer.get("error") or status != 200:
        error = as_dictionary(answer.get("error") or body.get("error"))
        words = [str(error[k]) for k in ("code", "message") if error.get(k)]
        unnamed = f"a line was answered {status}" if status else "a line has no answer"
        return ": ".join(words) or unnamed
    try:
        return read_answer(body, n_texts, width)
    except ValueError as error:
        return f"an answer is not usable: {error}"
