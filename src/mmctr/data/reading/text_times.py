"""Text as timestamps: ISO 8601, with and without zones, or a form that is named."""

import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.reading.values import first_rows

_ZONE = r"([Zz]|[+-]\d{2}(:?\d{2})?)"
_ISO = (
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?\s*" + _ZONE + r"?)?$"
)
_ZONED = r"\d{2}:\d{2}.*" + _ZONE + "$"
_FORMAT = "preparation.reading.time_format"
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")


def text_times(
    column: pa.ChunkedArray, where: str, form: str | None = None, zone: str = "UTC"
) -> pa.ChunkedArray:
    """Read text as times.

    Args:
        column: Text such as ``2024-01-31``, ``2024-01-31 10:20:30.5`` or
            ``2024-01-31T10:20:30+02:00``; rows may differ.
        where: File and column, for messages.
        form: What the texts are in place of ISO 8601, as ``strptime`` has it.
        zone: That of times which say none.

    Returns:
        Timestamps in ns, UTC.

    Raises:
        ValueError: If a row is no such text; it names the first.
    """
    chunks, offset = [], 0
    for chunk in column.chunks:
        texts = pc.utf8_trim_whitespace(chunk.cast(pa.string()))
        if form is None:
            read = _parsed(texts, chunk, offset, where, zone)
        else:
            read = _of_form(texts, chunk, offset, where, form)
            has_zone = read.type.tz is not None  # by %z, and so in UTC
            read = read.cast(pa.timestamp("ns"))
            read = read if has_zone else as_utc(read, zone)
        chunks.append(read)
        offset += len(chunk)
    return pa.chunked_array(chunks, pa.timestamp("ns"))


def as_utc(times: pa.Array | pa.ChunkedArray, zone: str) -> pa.Array | pa.ChunkedArray:
    """Turn times of a zone's clock into UTC.

    Args:
        times: Timestamps without a zone.
        zone: Whose they are. Of an hour that its clock shows twice the first is taken;
            a time that it skips is the moment of the change.
    """
    if zone == "UTC":
        return times
    known = pc.assume_timezone(times, zone, ambiguous="earliest", nonexistent="latest")
    return known.cast(pa.timestamp(times.type.unit, tz="UTC")).cast(times.type)


def _of_form(
    texts: pa.Array, chunk: pa.Array, offset: int, where: str, form: str
) -> pa.Array:
    read = pc.strptime(texts, form, "s", error_is_null=True)
    wrong = pc.is_null(read)
    if pc.any(wrong).as_py():
        held, rows = _held(chunk, wrong, offset)
        raise ValueError(
            f"{where} must be times such as {form} ({_FORMAT}); {rows} hold {held}; "
            "write them so, or change the form"
        )
    return read


def _parsed(
    texts: pa.Array, chunk: pa.Array, offset: int, where: str, zone: str
) -> pa.Array:
    texts = pc.replace_substring_regex(texts, r"\s*(UTC|GMT)$", "Z")
    wrong = pc.invert(pc.match_substring_regex(texts, _ISO))
    if pc.any(wrong).as_py():
        _fail(texts, chunk, wrong, offset, where)
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
    return pc.coalesce(with_zone.cast(pa.timestamp("ns")), as_utc(without, zone))


def _fail(
    texts: pa.Array, chunk: pa.Array, wrong: pa.Array, offset: int, where: str
) -> None:
    held, rows = _held(chunk, wrong, offset)
    raise ValueError(
        f"{where} must be unix times, timestamps or ISO text such as "
        f"2024-01-31T10:20:30Z; {rows} hold {held}; {_remedy(texts)}"
    )


def _held(chunk: pa.Array, wrong: pa.Array, offset: int) -> tuple[list[str], str]:
    """The first wrong texts, and their rows in words."""
    before = pa.repeat(pa.scalar(False), offset)
    return chunk.filter(wrong)[:5].to_pylist(), first_rows(
        pa.chunked_array([before, wrong])
    )


def _remedy(texts: pa.Array) -> str:
    """What to do about texts that are no ISO times: forms that all of them have."""
    fitting = [
        day + clock
        for day in _DAYS
        for clock in _CLOCKS
        if not pc.strptime(texts, day + clock, "s", error_is_null=True).null_count
    ]
    if not fitting:
        return f"write them so, or say their form with --params '{_FORMAT}=%d.%m.%Y'"
    forms = " or ".join(f"'{_FORMAT}={form}'" for form in fitting)
    return f"they look like --params {forms}"
