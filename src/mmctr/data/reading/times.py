"""Times of any unit as unix seconds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import NUMBERS, TEXTS, is_any
from mmctr.data.raw_schemas import MAX_TIMESTAMP
from mmctr.data.reading.params import TimeUnit
from mmctr.data.reading.text_times import as_utc, text_times
from mmctr.data.reading.values import first_rows, require_values

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_WORDS = {
    "s": "unix seconds",
    "ms": "unix milliseconds",
    "us": "unix microseconds",
    "ns": "unix nanoseconds",
    "date": "dates as numbers (YYYYMMDD)",
    "days": "days since 1970",
    "order": "an order, no times",
}
_DAY = 86_400
# 1973 to 2103: numbers of these sizes are taken for unix seconds, a thousand times
# these for milliseconds, and so on.
_LEAST, _MOST = 10**8, 42 * 10**8
# Smaller numbers above this are taken for seconds since some start.
_RELATIVE = 10**6
_PARAMETER = "--params preparation.reading.time_unit"


@dataclass(frozen=True)
class Times:
    """A column of times.

    Attributes:
        seconds: int64, unix seconds; where there is no clock, the numbers as they are.
        fraction: float64, the rest of the second; None if there is none in any row.
        note: What was recognised.
        unit: What numbers were read as; None for timestamps, dates and ISO text.
    """

    seconds: pa.ChunkedArray
    fraction: pa.ChunkedArray | None
    note: str
    unit: TimeUnit | None

    @property
    def clock(self) -> bool:
        """Whether they are times."""
        return self.unit != "order"


def read_times(
    column: pa.ChunkedArray,
    unit: TimeUnit,
    where: str,
    form: str | None = None,
    zone: str = "UTC",
) -> Times:
    """Turn times of any form into unix seconds.

    Args:
        column: Numbers, text, timestamps or dates.
        unit: What numbers are; ``auto`` tells by their size.
        where: File and column, for messages.
        form: What text is, if not ISO 8601.
        zone: That of text and timestamps which say none; dates and numbers are UTC.

    Returns:
        The times.

    Raises:
        ValueError: If a row is empty or no time, rows differ in their unit, or numbers
            are too small for unix times and the unit is not given.
    """
    require_values(column, where)
    told = "" if zone == "UTC" else f", without a zone those of {zone}"
    is_text = is_any(column.type, TEXTS)
    if is_text:
        if (
            form is None
            and pc.all(pc.match_substring_regex(column, r"^\s*-?\d+\s*$")).as_py()
        ):
            column = pc.utf8_trim_whitespace(column).cast(pa.int64())
        else:
            column = text_times(column, where, form, zone)
    if pa.types.is_timestamp(column.type):
        words, per = f"timestamps{told}", PER_SECOND[column.type.unit]
        if column.type.tz:
            words = f"timestamps, zone {column.type.tz}"
        elif not is_text:
            column = as_utc(column, zone)
        return _times(column.cast(pa.int64()), per, None, where, words)
    if pa.types.is_date(column.type):
        days = column.cast(pa.timestamp("s")).cast(pa.int64())
        return _times(days, 1, None, where, "dates")
    column = _numbers(column, where)
    if unit == "auto":
        unit = _size_unit(column, where)
    if unit == "order":
        return Times(_whole(column, where), None, f"{where}: {_WORDS[unit]}", unit)
    if unit == "days":
        return _times(pc.multiply(_whole(column, where), _DAY), 1, unit, where)
    if unit == "date":
        return _times(_dates(_whole(column, where), where), 1, unit, where)
    return _times(column, PER_SECOND[unit], unit, where)


def _numbers(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    """As int64 or float64."""
    is_whole = pa.types.is_decimal(column.type) and column.type.scale == 0
    if not (is_whole or pa.types.is_integer(column.type)):
        return column.cast(pa.float64(), safe=False)
    try:
        return column.cast(pa.int64())
    except pa.ArrowException as error:
        wide = column.cast(pa.float64(), safe=False).to_numpy()
        wrong = np.abs(wide) >= 2.0**63
        raise ValueError(
            f"{where} holds numbers that are no times of any unit, in "
            f"{first_rows(wrong)}: {wide[wrong][:5].tolist()}; fix or drop the rows"
        ) from error


def _times(
    column: pa.ChunkedArray,
    per: int,
    unit: TimeUnit | None,
    where: str,
    words: str = "",
) -> Times:
    """Split numbers into whole seconds and the rest."""
    words = words or _WORDS[str(unit)]
    chunks = [
        np.floor_divide(chunk.to_numpy(), per).astype(np.int64)
        for chunk in column.chunks
    ]
    found = pa.chunked_array(chunks, pa.int64())
    wrong = pc.or_(pc.less(found, 0), pc.greater_equal(found, MAX_TIMESTAMP))
    if pc.any(wrong).as_py():
        held = column.filter(wrong)[:5].to_pylist()
        raise ValueError(
            f"{where} must be times from 1970 on, read as {words}; "
            f"{first_rows(wrong)} hold {held}; fix or drop the rows, or name the unit "
            f"({_PARAMETER}=s, ms, us, ns, date, days or order)"
        )
    rests = (np.mod(chunk.to_numpy(), per) / per for chunk in column.chunks)
    has_rest = any(rest.any() for rest in rests)
    fraction = None
    if has_rest:
        chunks = [np.mod(chunk.to_numpy(), per) / per for chunk in column.chunks]
        fraction = pa.chunked_array(chunks, pa.float64())
    parts = ", with fractions of seconds" if has_rest else ""
    ends = pc.min_max(found.filter(pc.not_equal(found, 0))).as_py()
    span = f", {_day(ends['min'])} to {_day(ends['max'])} (UTC)" if ends["max"] else ""
    note = f"{where}: {words}{parts}{span}"
    return Times(found, fraction, note, unit)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _whole(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int64())
    except pa.ArrowException as error:
        broken = pc.not_equal(pc.floor(column), column)
        raise ValueError(
            f"{where} must hold whole numbers; {first_rows(broken)} do not"
        ) from error


def _dates(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    """YYYYMMDD as unix seconds of midnight."""
    parts, broken = [], []
    for chunk in column.chunks:
        values = chunk.to_numpy()
        days, is_date = _calendar_days(values)
        parts.append(pa.array(days * _DAY))
        broken.append(pa.array(~is_date))
    wrong = pa.chunked_array(broken, pa.bool_())
    if pc.any(wrong).as_py():
        held = column.filter(wrong)[:5].to_pylist()
        raise ValueError(
            f"{where} must be dates such as 20240131; {first_rows(wrong)} hold {held}"
        )
    return pa.chunked_array(parts, pa.int64())


def _calendar_days(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 of YYYYMMDD, and whether each is a date."""
    year, month, day = values // 10_000, values // 100 % 100, values % 100
    is_date = (year >= 1900) & (year <= 2100) & (month >= 1) & (month <= 12)
    months = np.where(is_date, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("M8[M]").astype("M8[D]")
    after = (months + 1).astype("M8[M]").astype("M8[D]")
    length = (after - first).astype(np.int64)
    is_date &= (day >= 1) & (day <= length)
    return first.astype(np.int64) + day - 1, is_date


def unit_of(column: pa.ChunkedArray, unit: TimeUnit, where: str) -> TimeUnit:
    """Tell what numbers are by some of the column, for all of it.

    Args:
        column: Rows of it, without nulls; of any type that :func:`read_times` takes.
        unit: What is said of it; ``auto`` tells by the size of numbers.
        where: File and column, for messages.

    Returns:
        The unit; ``auto`` where the type says it.

    Raises:
        ValueError: As :func:`read_times`.
    """
    is_number = is_any(column.type, (*NUMBERS, pa.types.is_decimal))
    if unit != "auto" or not is_number:
        return unit
    return _size_unit(_numbers(column, where), where)


def _size_unit(column: pa.ChunkedArray, where: str) -> TimeUnit:
    """Tell the unit of numbers by their size; zeros are missing times."""
    counts: dict[TimeUnit, int] = dict.fromkeys(PER_SECOND, 0)
    used = 0
    for chunk in column.chunks:
        values = chunk.to_numpy()
        used += int(np.count_nonzero(values))
        for unit in counts:
            counts[unit] += int(_has_size(values, unit).sum())
    unit = max(counts, key=lambda x: counts[x])
    if used and counts[unit] == used:
        return unit
    if any(counts.values()):
        _fail_mixed(column, unit, where, are_most=2 * counts[unit] >= used)
    return _small_unit(column, where)


def _has_size(values: np.ndarray, unit: str) -> np.ndarray:
    per = PER_SECOND[unit]
    return (values >= _LEAST * per) & (values < _MOST * per)


def _fail_mixed(
    column: pa.ChunkedArray, unit: str, where: str, *, are_most: bool
) -> NoReturn:
    values = column.to_numpy()
    odd = (_has_size(values, unit) != are_most) & (values != 0)
    others = f"most are {_WORDS[unit]}" if are_most else "most are no unix times"
    raise ValueError(
        f"{where} holds numbers of different sizes: {others}, but {first_rows(odd)} "
        f"hold {values[odd][:5].tolist()}; fix or drop these rows, or name the unit of "
        f"all ({_PARAMETER}=s, ms, us or ns)"
    )


def _small_unit(column: pa.ChunkedArray, where: str) -> TimeUnit:
    """Take numbers as seconds since some start if they are neither dates nor ranks."""
    ends = pc.min_max(column).as_py()
    guess = "an order (order) or days since 1970 (days)"
    as_dates = [
        _calendar_days(chunk.to_numpy().astype(np.int64))[1] for chunk in column.chunks
    ]
    if all(x.all() for x in as_dates):
        guess = "dates such as 20240131 (date)"
    elif ends["min"] >= 3_650 and ends["max"] <= 40_000:
        guess = "days since 1970 (days)"
    elif ends["min"] >= 0 and ends["max"] > max(_RELATIVE, 10 * len(column)):
        return "s"
    raise ValueError(
        f"{where} holds numbers from {ends['min']} to {ends['max']}, which are no unix "
        f"times of this century in s, ms, us or ns; they look like {guess}: say what "
        f"they are with {_PARAMETER}=date, days, order or s"
    )
