"""Values that stand for nothing: users who are nobody, times that are missing."""

import pyarrow as pa
import pyarrow.compute as pc

WARNED_SHARE = 0.01
"""A placeholder with more of the events than this is warned about."""

_WORDS = ["null", "none", "nan", "na", "n/a", "unknown", "undefined", "anonymous"]
_WORDS += ["<null>", "(null)", "not set", "(not set)", "-1", "-"]


def placeholder_users(users: pa.ChunkedArray) -> pa.ChunkedArray:
    """Mark the users that look like a word for nobody.

    Args:
        users: int64 or string.

    Returns:
        Whether each is -1, an empty text or one such as ``null``.
    """
    if pa.types.is_integer(users.type):
        return pc.equal(users, -1)
    chunks = [
        pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(x)), pa.array(["", *_WORDS]))
        for x in users.chunks
    ]
    return pa.chunked_array(chunks, pa.bool_())


def describe_placeholders(
    users: pa.ChunkedArray, marked: pa.ChunkedArray, place: str
) -> str | None:
    """Say which placeholders hold many events.

    Args:
        users: Of the log.
        marked: From :func:`placeholder_users`.
        place: The file, for messages.

    Returns:
        A sentence with the share of each; None if none has over 1 % of the events.
    """
    counted = pc.value_counts(users.filter(marked)).to_pylist()
    found = [
        f"{each['values']!r} holds {each['counts']:,} "
        f"({each['counts'] / len(users):.1%})"
        for each in sorted(counted, key=lambda each: -each["counts"])
        if each["counts"] > WARNED_SHARE * len(users)
    ]
    if not found:
        return None
    return (
        f"{place}: a user_id that looks like a placeholder for unknown users has many "
        f"of the {len(users):,} events: {', '.join(found)}; their histories are mixed"
    )
