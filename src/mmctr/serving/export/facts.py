"""What an export says of itself, enough to use it without this project."""

from mmctr.data.fields.field import FIRST, MISSING, PADDING, RARE, UNKNOWN
from mmctr.runtime.params import Params

FORMAT = 2
"""Raise it when files or their meaning change."""


class Input(Params):
    """An input of the model."""

    name: str
    """Its name."""
    dtype: str
    """Type of its numbers."""
    shape: list[str | int]
    """Length of every axis; a name is free."""
    meaning: str
    """What its numbers are."""


class FieldInput(Params):
    """Where a field stands among the inputs."""

    name: str
    """Its name."""
    size: int
    """Number of its codes."""
    columns: list[int]
    """Columns of field_codes; more than one for tags, zeros behind."""
    of: list[str]
    """Names of its encodings: its own, or two of a cross."""
    factor: int
    """Of a cross: its code is that of the first x factor + that of the second; else
    1."""


class Encoding(Params):
    """How values of a field become codes."""

    column: str
    """Its raw column."""
    kind: str
    """category, tags, level, id or number."""
    codes: dict[str, int]
    """By the value as text, rare ones included."""
    borders: list[float] | None
    """Of numbers: the code is the first one and how many of these are below the
    number; null: the codes are those above."""
    repeats: bool = False
    """Whether a tag that a row has twice has two codes."""


class SpecialCodes(Params):
    """Codes that every field has."""

    padding: int = PADDING
    """No tag."""
    missing: int = MISSING
    """No value."""
    unknown: int = UNKNOWN
    """A value that train did not have."""
    rare: int = RARE
    """A value of few rows of train."""
    first: int = FIRST
    """The first of the values' own, or of the bins of a number."""


class Parity(Params):
    """How an exported model differs from the bundle."""

    rows: int
    """Rows that were compared."""
    max_difference: float
    """Largest difference of probabilities, but for rows at a step."""
    limit: float
    """What it may be."""
    rows_at_a_step: int
    """Rows beyond the limit, where a cosine at the edge of a bucket or a probability
    at a step of the calibration is rounded to the other side."""


class ExportFacts(Params):
    """The file export.json."""

    format: int
    """Version of the format."""
    inputs: list[Input]
    """In the order of the model."""
    output: Input
    """The only one."""
    items: str
    """File of the items' ids, in column item_id; the first row is item 1."""
    max_history: int
    """Items of a history that count, the newest."""
    statistics: list[str]
    """Row statistics, in order; see docs/row-statistics.md."""
    fields: list[FieldInput]
    """Fields of user and row, in order."""
    numbers: list[str]
    """Raw columns of field_values, in order."""
    encodings: dict[str, Encoding]
    """How values of these, and of those that crosses are made of, become codes."""
    codes: SpecialCodes
    """Codes that every field has."""
    precision: str
    """Precision of the training; exports compute in fp32."""
    parity: dict[str, Parity]
    """By file of a model."""
    versions: dict[str, str]
    """Packages that made it."""
    commit: str | None
    """Of the code that made the bundle."""
