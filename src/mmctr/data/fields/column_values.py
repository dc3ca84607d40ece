"""A raw column as what fields are made of: text, numbers or lists of text."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import NUMBERS, TEXTS, TIMES, is_any, is_list
from mmctr.data.reading.tags import read_tags
from mmctr.data.reading.times import read_times

SECONDS_PER_DAY = 86_400
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATES = "write dates, timestamps or unix times, or leave published_column out"
_types = pa.types

Column = pa.Array | pa.ChunkedArray


class Distinct(NamedTuple):
    """The distinct values of a column.

    Attributes:
        values: ``[V]`` without null and NaN, of the column's type.
        codes: ``[R]`` int64, the value of each row; -1 where missing.
    """

    values: pa.Array
    codes: np.ndarray


def whole(column: Column) -> pa.Array:
    """One array of plain values, neither chunks nor dictionary."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if _types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if is_any(array.type, (_types.is_string_view, _types.is_large_string)):
        array = array.cast(pa.string())
    return array


def distinct_values(column: Column) -> Distinct:
    """Find the distinct values of a column that holds no lists."""
    encoded = whole(column).dictionary_encode()
    values = encoded.dictionary
    codes = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64)
    known = _is_known(values)
    if known.all():
        return Distinct(values, codes)
    places = np.append(np.where(known, np.cumsum(known) - 1, -1), -1)
    return Distinct(values.filter(pa.array(known)), places[codes])


def as_text(values: pa.Array) -> list[str]:
    """Values as text, so that equal ones are equal in every file: 1.0 is "1"."""
    array = whole(values)
    if _types.is_floating(array.type) or _types.is_decimal(array.type):
        numbers = array.cast(pa.float64(), safe=False).to_pylist()
        return [str(int(x)) if x.is_integer() else repr(x) for x in numbers]
    return array.cast(pa.string()).to_pylist()


def as_numbers(values: Column, *, dates: bool) -> np.ndarray:
    """Values as float64, NaN where missing or no number.

    Args:
        values: Numbers, times, or text that states them.
        dates: Whether they are dates or times, which become days since 1970.
    """
    array = whole(values)
    if is_any(array.type, TEXTS) or is_any(array.type, TIMES):
        distinct = distinct_values(array)
        found = distinct.values.to_pandas()
        parsed = _days(found) if dates else pd.to_numeric(found, errors="coerce")
        return np.append(np.asarray(parsed, np.float64), np.nan)[distinct.codes]
    numbers = pc.fill_null(array.cast(pa.float64(), safe=False), np.nan)
    plain = numbers.to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(plain), plain, np.nan)


def are_dates(values: pa.Array) -> bool:
    """Whether values are dates or times, or text such as 2024-05-31 throughout."""
    return is_any(values.type, TIMES) or (
        is_any(values.type, TEXTS) and _is_text_of_dates(values.to_pylist())
    )


def tag_lists(
    column: Column, separator: str | None
) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Read a column of lists, or of single values.

    Args:
        column: Lists, values, or texts of several tags.
        separator: Between the tags of a text, see
            :func:`mmctr.data.reading.tags.separator_of`.

    Returns:
        Flat values, ``[R + 1]`` int64 offsets into these, and ``[R]`` bool: whether a
        row has no list at all.
    """
    array = whole(column)
    missing = array.is_null().to_numpy(zero_copy_only=False)
    if separator is not None and is_any(array.type, TEXTS):
        texts = pa.chunked_array([array])
        array = read_tags(texts, separator, "a text of tags", many=True).lists
    if not is_list(array.type):
        offsets = np.concatenate([[0], np.cumsum(~missing)])
        return array.drop_null(), offsets, missing
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    ends = np.cumsum(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)
    return array.flatten(), np.concatenate([[0], ends]), missing


def published_days(column: Column, where: str) -> np.ndarray:
    """Read a column of dates or times of any form: ``[R]`` float64 days since 1970.

    Args:
        column: Dates, times, text of these, or unix times in s, ms, us or ns.
        where: Parameter and column, for messages.

    Returns:
        The days; NaN where the column is empty.

    Raises:
        ValueError: If the values can't be read so.
    """
    held = whole(column).type
    if not is_any(held, (*NUMBERS, _types.is_decimal, *TEXTS, *TIMES)):
        raise ValueError(f"{where} holds no dates but {held}; {_DATES}")
    distinct = distinct_values(column)
    values = distinct.values
    if are_dates(values):
        days = as_numbers(values, dates=True)
    else:
        is_known = np.ones(len(values), bool)
        if is_any(values.type, TEXTS):
            is_known = np.array([bool(text.strip()) for text in values.to_pylist()])
        days = np.full(len(values), np.nan)
        known = pa.chunked_array([values.filter(pa.array(is_known))])
        days[is_known] = _unix_seconds(known, where) / SECONDS_PER_DAY
    return np.append(days, np.nan)[distinct.codes]


def _unix_seconds(values: pa.ChunkedArray, where: str) -> np.ndarray:
    if not len(values):
        raise ValueError(f"{where} is empty in every row; {_DATES}")
    try:
        times = read_times(values, "auto", where)
    except ValueError as error:
        raise ValueError(f"{where} can't be read as dates: {error}; {_DATES}") from None
    return times.seconds.to_numpy().astype(np.float64)


def _is_text_of_dates(texts: list[str]) -> bool:
    if not texts or not all(_DATE.match(text) for text in texts):
        return False
    return not np.isnan(_days(pd.Series(texts))).any()


def _days(times: pd.Series) -> np.ndarray:
    stamps = pd.to_datetime(times, errors="coerce", utc=True, format="ISO8601")
    seconds = stamps.to_numpy("datetime64[s]").astype(np.int64).astype(np.float64)
    seconds[stamps.isna().to_numpy()] = np.nan
    return seconds / SECONDS_PER_DAY


def _is_known(values: pa.Array) -> np.ndarray:
    known = values.is_valid().to_numpy(zero_copy_only=False)
    if _types.is_floating(values.type):
        known &= ~pc.is_nan(values.fill_null(np.nan)).to_numpy(zero_copy_only=False)
    return known
