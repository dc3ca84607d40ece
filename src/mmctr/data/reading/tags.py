"""Tags of items: lists, or texts that hold several."""

import ast
import json
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import TEXTS, is_any, is_list, value_type
from mmctr.data.columns import filter_lists
from mmctr.data.reading.values import as_text

_SEPARATORS = ("|", ",", ";")
_PARAMETER = "preparation.reading.tags_separator"

SEPARATOR = "separator"
"""In the metadata of a column of tags: what separated them in texts."""


class Tags(NamedTuple):
    """The tags of a column.

    Attributes:
        lists: Lists of strings without empty ones.
        separator: What separates the tags of a text, or json; None: a text is one tag.
        note: What was recognised.
    """

    lists: pa.Array
    separator: str | None
    note: str


def read_tags(
    column: pa.ChunkedArray, separator: str, where: str, *, many: bool
) -> Tags:
    """Read each item's tags.

    Args:
        column: Lists or texts; null for none.
        separator: ``auto``, ``json`` or a text.
        where: File and column, for messages.
        many: Whether a text may hold several tags when the separator is ``auto``.

    Raises:
        ValueError: If a row is no JSON list and must be one; it names the first.
    """
    array = column.combine_chunks()
    if is_list(array.type):
        return Tags(_from_lists(array), None, f"{where}: lists")
    texts = pc.fill_null(as_text(column), "").combine_chunks()
    if separator == "auto":
        found = separator_of(texts) if many and is_any(array.type, TEXTS) else None
    else:
        found = separator
    if found is None:
        lists = _from_lists(_wrapped(texts))
        return Tags(lists, None, f"{where}: one tag in each text")
    if found == "json":
        lists = pa.array(_from_json(texts, where), pa.list_(pa.string()))
        return Tags(_from_lists(lists), found, f"{where}: JSON lists")
    note = f"{where}: tags separated by '{found}' (another separator: {_PARAMETER})"
    return Tags(_from_lists(pc.split_pattern(texts, found)), found, note)


def tags_separator(items: pa.Table) -> str | None:
    """What separated the tags of items that are lists now; None: nothing."""
    if "tags" not in items.column_names:
        return None
    metadata = items.schema.field("tags").metadata or {}
    return metadata.get(SEPARATOR.encode(), b"").decode() or None


def separator_of(texts: pa.Array) -> str | None:
    """Find what separates the tags of texts: json, a character, or nothing."""
    used = pc.utf8_trim_whitespace(texts)
    used = used.filter(pc.not_equal(used, ""))
    if not len(used):
        return None
    if pc.all(pc.match_substring_regex(used, r"^\[.*\]$")).as_py():
        return "json"
    return next(
        (x for x in _SEPARATORS if pc.any(pc.match_substring(used, x)).as_py()), None
    )


def _from_json(texts: pa.Array, where: str) -> list[list[str]]:
    lists, wrong = [], []
    for row, text in enumerate(texts.to_pylist()):
        tags = _list_of(text) if text.strip() else []
        lists.append([str(tag) for tag in tags or []])
        if tags is None:
            wrong.append(row)
    if wrong:
        raise ValueError(
            f'{where} must hold JSON lists such as ["a", "b"]; rows {wrong[:5]} hold '
            f"{[texts[row].as_py()[:60] for row in wrong[:5]]}; set {_PARAMETER}"
        )
    return lists


def _list_of(text: str) -> list[object] | None:
    """The list that a text writes, as JSON or as Python does."""
    try:
        value = json.loads(text)
    except ValueError:
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    return value if isinstance(value, list) else None


def _wrapped(texts: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(np.arange(len(texts) + 1, dtype=np.int32), texts)


def _from_lists(lists: pa.Array) -> pa.Array:
    """Lists of trimmed texts without empty ones; null becomes an empty list."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    values = lists.flatten()
    if pa.types.is_dictionary(values.type):
        values = values.cast(value_type(values.type))
    texts = as_text(pa.chunked_array([values])).combine_chunks()
    texts = pc.utf8_trim_whitespace(pc.fill_null(texts, ""))
    kept = pc.not_equal(texts, "").to_numpy(zero_copy_only=False)
    places = filter_lists(np.arange(len(texts)), offsets, kept)
    tags = pa.LargeListArray.from_arrays(places.offsets, texts.take(places.values))
    return tags.cast(pa.list_(pa.string()))
