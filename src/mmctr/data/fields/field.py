"""A fitted field: how the values of a column become codes and numbers."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.fields.column_values import (
    Column,
    as_numbers,
    as_text,
    distinct_values,
    tag_lists,
)
from mmctr.data.fields.params import Kind, Side
from mmctr.runtime.params import Params

_LIMIT = 1e6  # standard deviations

PADDING, MISSING, UNKNOWN, RARE, FIRST = range(5)
"""Codes of every field; its values come from FIRST on."""

CODES, VALUES = "field_", "value_"
"""Prefixes of a field's columns: its codes, and scaled values of a number."""


class Field(Params):
    """What is fitted on train rows for one field, ready for JSON."""

    name: str
    """Name of its columns: field_NAME has codes, value_NAME scaled numbers."""
    column: str
    """The raw column."""
    side: Side
    """Whose field it is."""
    kind: Kind
    """How values become codes."""
    dates: bool = False
    """Whether numbers are days of a date."""
    values: list[str] = []
    """Category, tags, level, id: values with a code of their own, in order of code."""
    rare: list[str] = []
    """Values that share the code RARE."""
    borders: list[float] = []
    """Number, level of numbers: ascending borders of its bins; a value at a border is
    below it."""
    mean: float = 0.0
    """Number: the mean of train."""
    std: float = 1.0
    """Number: the standard deviation of train."""
    known_only: bool = False
    """Whether only values that it knows have a vector: tags that it lacks are left out,
    and a missing level says nothing."""
    separator: str | None = None
    """Tags: what separates those of a text, or json; null: a text is one tag."""
    max_tags: int = 1
    """Tags: most per row."""
    of_clicks: str | None = None
    """Tags: the column of the log whose values at the user's earlier clicks they are,
    the newest first; one that a row has twice counts twice. Null: others."""

    @property
    def size(self) -> int:
        """Number of its codes, PADDING to RARE included."""
        own = len(self.borders) + 1 if self.has_bins else len(self.values)
        return FIRST + own

    @property
    def is_number(self) -> bool:
        """Whether it has a scaled value beside its code."""
        return self.kind == "number"

    @property
    def has_bins(self) -> bool:
        """Whether its codes are bins of numbers."""
        return self.is_number or bool(self.borders)

    def encode(self, column: Column) -> dict[str, pa.Array]:
        """Encode any rows, of train or new.

        Args:
            column: Values of R rows, of the raw column's type or another that states
                the same values.

        Returns:
            ``field_NAME``: int32 codes ``[R]``, for tags lists of these; and, of a
            number, ``value_NAME``: float32 ``[R]``, standardised, NaN where missing.
        """
        if self.has_bins:
            return self._encode_numbers(as_numbers(column, dates=self.dates))
        if self.kind == "tags":
            return {CODES + self.name: self._encode_tags(column)}
        return {CODES + self.name: pa.array(self.codes(column))}

    def _encode_numbers(self, numbers: np.ndarray) -> dict[str, pa.Array]:
        missing = np.isnan(numbers)
        codes = FIRST + np.searchsorted(self.borders, numbers, side="left")
        codes = pa.array(np.where(missing, MISSING, codes).astype(np.int32))
        if not self.is_number:
            return {CODES + self.name: codes}
        scaled = ((numbers - self.mean) / self.std).clip(-_LIMIT, _LIMIT)
        return {
            CODES + self.name: codes,
            VALUES + self.name: pa.array(scaled.astype(np.float32)),
        }

    def _encode_tags(self, column: Column) -> pa.Array:
        flat, offsets, missing = tag_lists(column, self.separator)
        codes = self.codes(flat)
        rows = np.repeat(np.arange(len(missing)), np.diff(offsets))
        # The first of equal codes of a row stays, and of these the first max_tags.
        first = np.arange(len(codes))
        if self.of_clicks is None:
            _, first = np.unique(rows * self.size + codes, return_index=True)
        first = np.sort(first[codes[first] != MISSING])
        starts = np.searchsorted(rows[first], np.arange(len(missing)))
        first = first[np.arange(len(first)) - starts[rows[first]] < self.max_tags]
        if self.known_only:
            first = first[codes[first] != UNKNOWN]
        # A row without a list has one code, MISSING.
        rows = np.concatenate([rows[first], np.flatnonzero(missing)])
        codes = np.concatenate([codes[first], np.full(missing.sum(), MISSING)])
        order = np.argsort(rows, kind="stable")
        counts = np.bincount(rows, minlength=len(missing))
        ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return pa.ListArray.from_arrays(ends, codes[order].astype(np.int32))

    def codes(self, column: Column) -> np.ndarray:
        """Find the codes of single values, of a kind with values: ``[R]`` int32."""
        distinct = distinct_values(column)
        texts = pa.array(as_text(distinct.values), pa.string())
        own = pc.index_in(texts, pa.array(self.values, pa.string()))
        is_rare = pc.is_in(texts, pa.array(self.rare, pa.string()))
        others = pc.if_else(is_rare, RARE, UNKNOWN)
        codes = pc.coalesce(pc.add(own, FIRST), others).to_numpy(zero_copy_only=False)
        return np.append(codes, MISSING).astype(np.int32)[distinct.codes]


def with_values(
    field: Field, texts: list[str], counts: np.ndarray, least: int
) -> Field:
    """Give a field the values that train has.

    Args:
        field: Of a kind with values.
        texts: ``[V]`` values, distinct or not.
        counts: ``[V]`` train rows of each; a value without any is left out.
        least: Values of fewer train rows share a code.

    Returns:
        The field; values are in order of counts, then of the text.
    """
    totals: dict[str, int] = {}
    for text, count in zip(texts, counts.tolist(), strict=True):
        if count:
            totals[text] = totals.get(text, 0) + count
    ranked = sorted(totals, key=lambda text: (-totals[text], text))
    kept = [text for text in ranked if totals[text] >= least]
    return field.model_copy(update={"values": kept, "rare": ranked[len(kept) :]})


def with_numbers(
    field: Field, numbers: np.ndarray, counts: np.ndarray, bins: int
) -> Field:
    """Give a number its borders and its scale.

    Args:
        field: Of kind number.
        numbers: ``[V]`` float64 without NaN.
        counts: ``[V]`` train rows of each, some of them positive.
        bins: Most bins; fewer where values are tied.

    Returns:
        The field.
    """
    order = np.argsort(numbers, kind="stable")
    numbers, counts = numbers[order], counts[order].astype(np.float64)
    numbers, counts = numbers[counts > 0], counts[counts > 0]
    reached = np.cumsum(counts)
    shares = np.arange(1, bins) / bins * reached[-1]
    borders = np.unique(numbers[np.searchsorted(reached, shares)])
    mean = float(np.average(numbers, weights=counts))
    std = float(np.sqrt(np.average((numbers - mean) ** 2, weights=counts)))
    return field.model_copy(
        update={
            "borders": borders[borders < numbers[-1]].tolist(),
            "mean": mean,
            "std": std if std > 0 else 1.0,
        }
    )
