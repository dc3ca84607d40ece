"""Vectors from an answer of the embeddings API, each checked before it is stored."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np

_FLOAT = np.dtype("<f4")
# Vectors of models have a length near 1; with numbers this small none was computed.
_ZERO = 1e-12
# So many different texts never share a vector; two may, by case or accents alone.
_TOO_MANY_EQUAL = 8


@dataclass(frozen=True)
class Answer:
    """The vectors of one request.

    Attributes:
        vectors: ``[n, d]`` float32, row i for text i.
        tokens: Tokens the service counted, None where it counts none.
    """

    vectors: np.ndarray
    tokens: int | None


def read_answer(body: Any, n_texts: int, width: int | None) -> Answer:
    """Read the vectors of one answer, placed by their own indices.

    Args:
        body: The answer as JSON. Its list ``data`` has ``index`` and ``embedding``:
            base64 of little-endian float32 or a list of numbers. Where none has an
            index, they are taken in order.
        n_texts: Texts the request held.
        width: Width they must have; None: any, but one.

    Returns:
        ``n_texts`` vectors and the counted tokens.

    Raises:
        ValueError: If a text has no vector or two, a vector is not what was requested,
            or all are equal; the message says which and, where it helps, what to do.
    """
    data = as_dictionary(body).get("data")
    if not isinstance(data, list):
        raise ValueError("it holds no list of vectors")
    if len(data) != n_texts:
        raise ValueError(f"{len(data)} vectors for {n_texts} texts")
    placed: dict[int, np.ndarray] = {}
    entries = [as_dictionary(entry) for entry in data]
    has_index = any(entry.get("index") is not None for entry in entries)
    for place, entry in enumerate(entries):
        index = entry.get("index") if has_index else place
        if isinstance(index, bool) or not isinstance(index, int):
            raise ValueError(f"a vector's index is {index!r}, no whole number")
        if not 0 <= index < n_texts:
            raise ValueError(f"index {index} is outside 0..{n_texts - 1}")
        if index in placed:
            raise ValueError(f"index {index} occurs twice, so another one is missing")
        placed[index] = _decode(entry.get("embedding"), index)
    widths = sorted({vector.size for vector in placed.values()})
    if len(widths) > 1:
        raise ValueError(f"its vectors are {widths[0]} and {widths[-1]} wide")
    if width is not None and widths != [width]:
        raise ValueError(
            f"vectors are {widths[0]} wide, expected {width}; set "
            f"embedding.openai.dimensions to {widths[0]}, or to null"
        )
    rows = np.stack([placed[index] for index in range(n_texts)])
    largest = np.abs(rows).max(axis=1)
    if not np.isfinite(largest).all():
        row = np.isfinite(largest).argmin()
        raise ValueError(f"the vector of index {row} holds NaN or infinity")
    if largest.min() < _ZERO:
        raise ValueError(f"the vector of index {largest.argmin()} is zero")
    if n_texts >= _TOO_MANY_EQUAL and (rows == rows[0]).all():
        raise ValueError(
            f"the vectors of all {n_texts} different texts are equal: does the service "
            "read `input` as a list of texts, and is the model one for embeddings?"
        )
    tokens = as_dictionary(body.get("usage")).get("prompt_tokens")
    return Answer(rows, tokens if isinstance(tokens, int) else None)


def as_dictionary(value: object) -> dict[str, Any]:
    """The value, or an empty dictionary in place of anything else."""
    return value if isinstance(value, dict) else {}


def _decode(value: Any, index: int) -> np.ndarray:
    """Decode one vector ``[d]`` float32; not every service knows base64."""
    if isinstance(value, str):
        try:
            content = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"the vector of index {index} is no base64") from None
        if not content or len(content) % _FLOAT.itemsize:
            raise ValueError(
                f"the vector of index {index} has {len(content)} bytes, no whole "
                "number of float32"
            )
        return np.frombuffer(content, _FLOAT)
    try:
        with np.errstate(over="ignore"):  # infinite then, and refused as such
            vector = np.array(value, dtype=np.float64).astype(_FLOAT)
    except (TypeError, ValueError):
        raise ValueError(f"the vector of index {index} holds no numbers") from None
    if vector.ndim != 1 or vector.size == 0:
        raise ValueError(f"the vector of index {index} is no row of numbers")
    return vector
