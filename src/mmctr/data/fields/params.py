"""Parameters of the fields."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from mmctr.runtime.params import Params

Side = Literal["item", "user", "row"]
Kind = Literal["category", "tags", "number", "level", "id"]
UsedAs = Kind | Literal["time"]

CLICKED = "clicked_"
"""Before the name of a column: the field of its values at the user's earlier clicks."""


class ColumnParams(Params):
    """What is said of a column, in place of what would be inferred."""

    side: Side | None = None
    """Whose column is meant, where several tables have one of this name; null: all."""
    kind: Kind | None = None
    """How its values become numbers; null: inferred."""
    used: bool = True
    """Whether it is a field at all."""


class FieldsParams(Params):
    """Which columns are fields, and how their values become numbers.

    Columns of items and users are fields unless switched off; those of the log may leak
    the label, and are fields only where they are named.
    """

    context: list[str] = []
    """Columns of the log to use, such as position or device; group_size stands for the
    number of rows in the row's group."""
    clicked: list[str] = []
    """Columns of the log, such as position, whose values at the user's earlier clicks
    are a field clicked_<column>: the newest max_tags, each time one counts."""
    time: list[Literal["hour", "weekday", "item_age"]] = []
    """Fields of the row's time: hour and weekday in UTC; item_age, days since the
    item's date (published_column), or since its first event."""
    published_column: str | None = None
    """Column of the items with the date that item_age counts from; null: the first
    event of the item that the row may know of."""
    user_id: bool = False
    """Whether the user is a field; for logs where users return."""
    columns: dict[str, ColumnParams] = Field(default_factory=dict)
    """Column -> what is said of it."""
    min_count: int = Field(10, ge=1)
    """Values of fewer train rows share one vector."""
    bins: int = Field(20, ge=2)
    """Quantile bins per number."""
    max_tags: int = Field(5, ge=1)
    """Tags per row of a column of lists, the first ones."""

    @property
    def clicked_columns(self) -> dict[str, str]:
        """Field of the user's earlier clicks -> the column that it is made of."""
        return {CLICKED + name: name for name in self.clicked}

    @field_validator("columns", mode="before")
    @classmethod
    def _vectors_are_modalities(cls, columns: Any) -> Any:
        said = columns if isinstance(columns, Mapping) else {}
        for name, params in said.items():
            if isinstance(params, Mapping) and params.get("kind") == "vector":
                raise ValueError(
                    f"{name}: vectors are a modality, not a field; in place of "
                    f"fields.columns.{name}.kind=vector write "
                    f"embedding.modalities.NAME.column={name}, with a name for it"
                )
        return columns

    @field_validator("context", "clicked", "time")
    @classmethod
    def _names_each_once(cls, names: list[str]) -> list[str]:
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"name each column once; {', '.join(repeated)} is twice")
        return names

    @model_validator(mode="after")
    def _context_is_no_other_field(self) -> Self:
        for other, names in (("clicked", self.clicked_columns), ("time", self.time)):
            for name in set(self.context).intersection(names):
                raise ValueError(
                    f"context has {name}, which is a field of {other}; leave one out, "
                    "or give the column another name"
                )
        return self
