"""The label of a log: clicked or not."""

import shlex

import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.column_kinds import TEXTS, is_any
from mmctr.data.reading.names import looks_like_a_label, may_be_a_label
from mmctr.data.reading.params import LabelParams
from mmctr.data.reading.values import (
    as_text,
    first_rows,
    require_values,
    texts_of,
)

LABEL = "label"
_SECTION = "preparation.reading.label"
_SHOWN = 8
_HEAD = 10_000
_OTHERS = ("user_id", "item_id", "timestamp", "impression_id")


def label_column(names: list[str], params: LabelParams, place: str) -> str | None:
    """Find the column that becomes the label.

    Args:
        names: The table's columns.
        params: Which one is meant.
        place: The file, for messages.

    Returns:
        Its name; None where the table has none, so that every row is a click.

    Raises:
        ValueError: If the column that the parameters name is missing, or a rule is
            given for no column.
    """
    if params.column is not None:
        if params.column not in names:
            raise ValueError(
                f"{place}: there is no column '{params.column}' "
                f"({_SECTION}.column); it has {', '.join(names)}"
            )
        if params.column in _OTHERS:
            raise ValueError(
                f"{place}: {_SECTION}.column={params.column}: that column says whose "
                "event it is, of what and when; name the one that tells clicks"
            )
        return params.column
    if LABEL in names:
        return LABEL
    if params.threshold is not None or params.positive:
        raise ValueError(
            f"{place}: {_SECTION}.threshold and .positive need the name of a column "
            f"({_SECTION}.column); it has {', '.join(names)}"
        )
    return None


def require_no_other_label(
    table: pa.Table, taken: str | None, params: LabelParams, place: str
) -> list[str]:
    """Check that no column which looks like a label is overlooked.

    Args:
        table: All columns by the names that the project has for them.
        taken: The column that is the label; None for none.
        params: Which one is meant.
        place: The file, for messages.

    Returns:
        Columns that look like labels, and were not chosen by ``label.column``.

    Raises:
        ValueError: If there is one and the parameters name no column.
    """
    others = _others(table.column_names, taken)
    if not others or params.column is not None:
        return others
    name = others[0]
    rule = f"{_SECTION}.column={name}"
    values = _held(table[name])
    if is_any(table[name].type, TEXTS):
        example = _click_word(values)
        rule += f",{_SECTION}.positive=[{example}]"
    elif not set(values) <= {"0", "1", "true", "false"}:
        rule += f",{_SECTION}.threshold={_middle(values)}"
    without = (
        "every row would count as a click"
        if taken is None
        else f"'{taken}' would be the label"
    )
    chosen = "" if taken is None else f" (or {_SECTION}.column={taken})"
    raise ValueError(
        f"{place}: column '{name}' (values {', '.join(values[:_SHOWN])}) looks like a "
        f"label, and without it {without}; make a label of it with --params {rule}"
        f"{chosen}, or leave it out with "
        f"--params preparation.reading.ignore_columns=[{name}]"
    )


def overlooked_labels(names: list[str], params: LabelParams, place: str) -> list[str]:
    """Say which columns look like a label and are none, by their names alone.

    Args:
        names: The table's columns.
        params: Which one is meant.
        place: The file, for messages.

    Returns:
        A sentence, or nothing; :func:`require_no_other_label` knows the values too.
    """
    others = _others(names, LABEL)
    if not others or params.column is not None:
        return []
    return [
        f"{place}: column '{others[0]}' looks like a label; make one of it with "
        f"--params {_SECTION}.column={others[0]}, or leave it out with "
        f"--params preparation.reading.ignore_columns=[{others[0]}]"
    ]


def _others(names: list[str], taken: str | None) -> list[str]:
    return [name for name in names if name != taken and looks_like_a_label(name)]


def possible_labels(table: pa.Table) -> list[str]:
    """Find columns that could be the label of a log that seems to have none.

    Returns:
        Those whose name is unclear, or that hold exactly two values.
    """
    return [
        name
        for name in table.column_names
        if name not in _OTHERS
        and (may_be_a_label(name) or _has_two_values(table[name]))
    ]


def label_remedy(column: pa.ChunkedArray, name: str) -> str:
    """Say what to do about a column that could be a label.

    Args:
        column: Its values.
        name: By the project's names.
    """
    values = _held(column)
    label = f"{_SECTION}.column={name}"
    value = values[0] if values else "VALUE"
    kept = f"preparation.reading.keep.{name}=[{value}]"
    return (
        f"make a label of it (--params {label}), read the rows of one of its values "
        f"(--params {shlex.quote(kept)}), or leave it "
        f"out (--params preparation.reading.ignore_columns=[{name}])"
    )


def _has_two_values(column: pa.ChunkedArray) -> bool:
    if not is_any(column.type, (*TEXTS, pa.types.is_integer, pa.types.is_boolean)):
        return False
    head = pc.count_distinct(column.slice(0, _HEAD)).as_py()
    return head <= 2 and pc.count_distinct(column).as_py() == 2


def read_label(
    column: pa.ChunkedArray, params: LabelParams, where: str, *, is_whole: bool = True
) -> pa.Array:
    """Turn a column into labels.

    Args:
        column: Numbers, truth values or text.
        params: The rule, if 0 and 1 are not enough.
        where: File and column, for messages.
        is_whole: Whether it is all of the column, which must then hold every value that
            the rule names.

    Returns:
        int8, 0 or 1.

    Raises:
        ValueError: If a row is empty, or values fit no rule; it names the parameter.
    """
    require_values(column, where)
    if params.positive:
        return _among(column, params, where, is_whole=is_whole)
    if params.threshold is not None:
        return _from_threshold(column, params.threshold, where)
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int8())
    if is_any(column.type, TEXTS):
        values = _held(column)
        if not set(values) <= {"0", "1"}:
            raise ValueError(
                f"{where} holds text ({', '.join(values[:_SHOWN])}); say which are "
                f"clicks with --params {_SECTION}.positive=[{_click_word(values)}]"
            )
        return column.cast(pa.int8())
    numbers = column.cast(pa.float64(), safe=False)
    wrong = pc.invert(pc.is_in(numbers, pa.array([0.0, 1.0])))
    if pc.any(wrong).as_py():
        values = _held(column)
        raise ValueError(
            f"{where} holds other values than 0 and 1 ({', '.join(values[:_SHOWN])}; "
            f"{first_rows(wrong)}); say from which number on it is a click with "
            f"--params {_SECTION}.threshold={_middle(values)}"
        )
    return numbers.cast(pa.int8())


def require_both_labels(label: pa.ChunkedArray, where: str) -> None:
    """Check that some rows are clicks and some are not.

    Raises:
        ValueError: If all rows have one label.
    """
    clicks = pc.sum(label.cast(pa.int64())).as_py()
    if clicks in (0, len(label)):
        raise ValueError(
            f"{where} is {int(clicks > 0)} in all {len(label):,} rows; a model needs "
            f"rows of both kinds: change the rule ({_SECTION}.threshold or .positive), "
            "or leave the column out with preparation.reading.ignore_columns if every "
            "row is a click"
        )


def _among(
    column: pa.ChunkedArray, params: LabelParams, where: str, *, is_whole: bool
) -> pa.Array:
    named = [texts_of(value) for value in params.positive]
    chosen = [x for each in named for x in each]
    values = _held(column) if is_whole else chosen
    unknown = [each[0] for each in named if not set(each) & set(values)]
    if unknown and pa.types.is_boolean(column.type):
        raise ValueError(
            f"{where} holds true and false, which need no rule: leave "
            f"{_SECTION}.positive out"
        )
    if unknown:
        raise ValueError(
            f"{where} holds no {', '.join(map(repr, unknown))} ({_SECTION}.positive); "
            f"it holds {', '.join(values[:_SHOWN])}"
        )
    return pc.is_in(as_text(column), pa.array(chosen)).cast(pa.int8())


def _from_threshold(
    column: pa.ChunkedArray, threshold: float, where: str
) -> pa.ChunkedArray:
    if is_any(column.type, TEXTS):
        raise ValueError(
            f"{where} is text, which has no threshold; name the values that are clicks "
            f"with --params {_SECTION}.positive=[...]"
        )
    numbers = column.cast(pa.float64(), safe=False)
    return pc.greater_equal(numbers, threshold).cast(pa.int8())


def _held(column: pa.ChunkedArray) -> list[str]:
    """The values as text, the most frequent first; numbers by size."""
    counted = pc.value_counts(as_text(column)).to_pylist()
    counted.sort(key=lambda each: -each["counts"])
    values = [str(each["values"]) for each in counted if each["values"] is not None]
    return values if is_any(column.type, TEXTS) else sorted(values, key=_number)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _middle(values: list[str]) -> str:
    """A threshold to show as an example: in the upper half of the values."""
    return values[len(values) // 2 if len(values) < 5 else 3 * len(values) // 5]


def _click_word(values: list[str]) -> str:
    """The value to show as a click: what sounds so, else the rarest."""
    words = [x for x in values if looks_like_a_label(x)]
    return words[0] if words else values[-1]
