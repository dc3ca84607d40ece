"""ISO 8601 text as timestamps, with and without zones."""

import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.reading.values import first_rows

_ZONE = r"([Zz]|[+-]\d{2}(:?\d{2})?)"
_ISO = (
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?\s*" + _ZONE + r"?)?$"
)
_ZONED = r"\d{2}:\d{2}.*" + _ZONE + "$"


def text_times(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    """Read ISO 8601 text; times without a zone are UTC.

    Args:
        column: Text such as ``2024-01-31``, ``2024-01-31 10:20:30.5`` or
            ``2024-01-31T10:20:30+02:00``; rows may differ.
        where: File and column, for messages.

    Returns:
        Timestamps in ns, UTC.

    Raises:
        ValueError: If a row is no such text; it names the first.
    """
    chunks, offset = [], 0
    for chunk in column.chunks:
        chunks.append(_parsed(chunk, offset, where))
        offset += len(chunk)
    return pa.chunked_array(chunks, pa.timestamp("ns"))


def _parsed(chunk: pa.Array, offset: int, where: str) -> pa.Array:
    texts = pc.utf8_trim_whitespace(chunk.cast(pa.string()))
    texts = pc.replace_substring_regex(texts, r"\s*(UTC|GMT)$", "Z")
    wrong = pc.invert(pc.match_substring_regex(texts, _ISO))
    if pc.any(wrong).as_py():
        _fail(chunk, wrong, offset, where)
    texts = pc.replace_substring_regex(texts, r"\s+" + _ZONE + "$", r"\1")
    texts = pc.replace_substring(texts, ",", ".")
    zoned = pc.match_substring_regex(texts, _ZONED)
    try:
        with_zone = pc.if_else(zoned, texts, None).cast(pa.timestamp("ns", tz="UTC"))
        without = pc.if_else(zoned, None, texts).cast(pa.timestamp("ns"))
    except pa.ArrowException as error:
        raise ValueError(
            f"{where}: {error}; write ISO times of the calendar"
        ) from error
    return pc.coalesce(with_zone.cast(pa.timestamp("ns")), without)


def _fail(chunk: pa.Array, wrong: pa.Array, offset: int, where: str) -> None:
    held = chunk.filter(wrong)[:5].to_pylist()
    rows = first_rows(pa.chunked_array([pa.repeat(pa.scalar(False), offset), wrong]))
    raise ValueError(
        f"{where} must be unix times, timestamps or ISO text such as "
        f"2024-01-31T10:20:30Z; {rows} hold {held}; write them so"
    )
