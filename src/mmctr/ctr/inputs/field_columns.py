"""Fields of items or rows as arrays, read from their columns of a table."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.fields.field import CODES, FIRST, VALUES
from mmctr.runtime.scratch import fill_by_rows, take_columns
from mmctr.runtime.suggestions import suggest

CROSS = "*"
"""Joins the names of two fields whose pairs of values have a vector each."""

FieldNames = Literal["all"] | Collection[str]

LIMIT = 4.0
"""Scaled values of numbers lie within this and its negative."""

_MAX_PAIRS = 2**22


class FieldSpec(NamedTuple):
    """What a model must know of a field.

    Attributes:
        name: Its name.
        size: Number of its codes; 0 is padding.
        width: Columns of codes; more than one for tags.
        has_value: Whether it has a scaled value too.
        is_cross: Whether its codes are pairs of other fields' codes.
        inner: Of a cross: the size of the second of its fields.
        is_level: Whether it is of kind level.
        is_hidden: Whether a training step hides some of its values, so that unknown
            ones have a vector. Where only known values have one, it hides none, and
            missing, unknown and rare ones are zeros.
    """

    name: str
    size: int
    width: int = 1
    has_value: bool = False
    is_cross: bool = False
    inner: int = 0
    is_level: bool = False
    is_hidden: bool = True

    @property
    def first_code(self) -> int:
        """The first code that has a vector."""
        return 1 if self.is_hidden else FIRST

    @property
    def vectors(self) -> int:
        """How many codes have one."""
        return self.size - self.first_code


@dataclass(frozen=True)
class FieldColumns:
    """F fields of R items or rows.

    Attributes:
        specs: The fields.
        codes: ``[R, C]`` whole numbers, side by side; 0 is padding.
        values: ``[R, V]`` float32 of the fields that have values, within -4 and 4; 0,
            the mean of train, where missing.
    """

    specs: tuple[FieldSpec, ...]
    codes: np.ndarray
    values: np.ndarray

    @classmethod
    def none(cls, rows: int) -> Self:
        """No fields."""
        return cls((), np.zeros((rows, 0), np.int64), np.zeros((rows, 0), np.float32))

    @classmethod
    def from_arrow(
        cls,
        table: pa.Table,
        names: FieldNames = "all",
        crosses: Collection[str] = (),
        without: Collection[str] = (),
    ) -> Self:
        """Read the columns ``field_NAME`` and ``value_NAME`` of a table.

        Args:
            table: Items or rows.
            names: Fields to read; those that the table lacks are left out.
            crosses: Pairs of the table's fields, such as ``position*group_size``, to
                read as a field each.
            without: Fields to leave out.

        Raises:
            ValueError: If a cross is no pair of these fields, or has too many pairs.
        """
        built = cls._read(table)._with_crosses(crosses)
        return built.select(names, crosses, without)

    @classmethod
    def _read(cls, table: pa.Table) -> Self:
        specs = tuple(field_specs(table.schema))
        names = [VALUES + spec.name for spec in specs if spec.has_value]
        built = cls.none(table.num_rows)
        if not specs:
            return built

        def codes_of(rows: slice) -> np.ndarray:
            own = (_codes(table[CODES + x.name][rows], x.width) for x in specs)
            return np.concatenate([*own], axis=1)

        def values_of(rows: slice) -> np.ndarray:
            return np.column_stack([_values(table[name][rows]) for name in names])

        width = sum(spec.width for spec in specs)
        codes, values = (
            fill_by_rows((len(table), width), np.int32, codes_of),
            built.values,
        )
        if names:
            values = fill_by_rows((len(table), len(names)), np.float32, values_of)
        return cls(specs, codes, values)

    def take(self, rows: np.ndarray | slice) -> Self:
        """The fields of some rows; there must be some."""
        return type(self)(self.specs, self.codes[rows], self.values[rows])

    def _with_crosses(self, crosses: Collection[str]) -> Self:
        built = self
        require_crosses(crosses, [x.name for x in self.specs])
        for cross in crosses:
            first, second = (self._own(name, cross) for name in _pair(cross))
            size = first[0].size * second[0].size
            if size > _MAX_PAIRS:
                raise ValueError(
                    f"ctr_modeling.features.crosses: {cross} has {size:,} pairs, and "
                    f"at most {_MAX_PAIRS:,} have a vector each; raise fields.min_count"
                )
            if min(first[0].width, second[0].width) > 1:
                raise ValueError(
                    f"ctr_modeling.features.crosses: both fields of {cross} are tags, "
                    "and one of a cross may be; name another field"
                )
            width = max(first[0].width, second[0].width)
            spec = FieldSpec(cross, size, width, is_cross=True, inner=second[0].size)
            shape = (len(built.codes), built.codes.shape[1] + width)
            joined = partial(_joined, built.codes, first[1], second[1], spec.inner)
            codes = fill_by_rows(shape, built.codes.dtype, joined)
            built = type(self)((*built.specs, spec), codes, built.values)
        return built

    def select(
        self,
        names: FieldNames,
        crosses: Collection[str] = (),
        without: Collection[str] = (),
    ) -> Self:
        """Keep the fields and crosses with these names, but for those left out."""
        kept = [
            spec.name in crosses
            if spec.is_cross
            else spec.name not in without and (names == "all" or spec.name in names)
            for spec in self.specs
        ]
        if all(kept):
            return self
        widths = [spec.width for spec in self.specs]
        of_values = [
            keep for spec, keep in zip(self.specs, kept, strict=True) if spec.has_value
        ]
        return type(self)(
            tuple(spec for spec, keep in zip(self.specs, kept, strict=True) if keep),
            take_columns(self.codes, np.repeat(kept, widths)),
            take_columns(self.values, np.array(of_values, bool)),
        )

    def _own(self, name: str, cross: str) -> tuple[FieldSpec, np.ndarray]:
        start = 0
        for spec in self.specs:
            if spec.name == name:
                return spec, self.codes[:, start : start + spec.width]
            start += spec.width
        raise AssertionError(f"{cross}: require_crosses names a field that is missing")


def field_specs(schema: pa.Schema) -> list[FieldSpec]:
    """The fields that a table has columns of, in their order."""
    found = []
    for column in schema:
        if column.name.startswith(CODES):
            name = column.name.removeprefix(CODES)
            facts = column.metadata or {}
            size, width = int(facts[b"size"]), int(facts[b"width"])
            has_value = VALUES + name in schema.names
            found.append(
                FieldSpec(
                    name,
                    size,
                    width,
                    has_value,
                    is_level=facts[b"kind"] == b"level",
                    is_hidden=facts.get(b"known_only") != b"True",
                )
            )
    return found


def require_fields(
    names: FieldNames, known: Collection[str], parameter: str = "fields"
) -> None:
    """Refuse names in ``ctr_modeling.features`` that no field has.

    Args:
        names: Of fields.
        known: Those of items and rows that are there.
        parameter: The one that names them.

    Raises:
        ValueError: Naming the first.
    """
    for name in () if names == "all" else names:
        if name not in known:
            raise ValueError(
                f"ctr_modeling.features.{parameter} names '{name}', and neither "
                f"items nor rows have this field: {suggest(name, known)}"
            )


def require_crosses(crosses: Collection[str], known: Collection[str]) -> None:
    """Refuse crosses that are no pairs of known fields.

    Args:
        crosses: Pairs of names.
        known: Fields of the rows with one value each.

    Raises:
        ValueError: Naming the first.
    """
    for cross in crosses:
        for name in _pair(cross):
            if name not in known:
                raise ValueError(
                    f"ctr_modeling.features.crosses: {cross} needs the field '{name}' "
                    f"of the rows, and there is no such field: {suggest(name, known)}"
                )


def _pair(cross: str) -> tuple[str, str]:
    first, found, second = cross.partition(CROSS)
    if not found or CROSS in second:
        raise ValueError(
            f"ctr_modeling.features.crosses: '{cross}' is no pair of fields; write two "
            "names joined by *, such as position*group_size"
        )
    return first.strip(), second.strip()


def _joined(
    codes: np.ndarray, first: np.ndarray, second: np.ndarray, inner: int, rows: slice
) -> np.ndarray:
    """Codes of some rows with those of a cross beside them."""
    one, other = first[rows], second[rows]
    pairs = one * inner + other
    pairs[(one == 0) | (other == 0)] = 0
    return np.concatenate([codes[rows], pairs], axis=1)


def _codes(column: pa.ChunkedArray, width: int) -> np.ndarray:
    """``[R, width]`` int32, zeros behind."""
    if pa.types.is_integer(column.type):
        return column.to_numpy().astype(np.int32)[:, None]
    lists = column.combine_chunks()
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    matrix = np.zeros((len(lengths), width), np.int32)
    matrix[np.arange(width) < lengths[:, None]] = lists.flatten().to_numpy()
    return matrix


def _values(column: pa.ChunkedArray) -> np.ndarray:
    return np.nan_to_num(column.to_numpy()).clip(-LIMIT, LIMIT)
