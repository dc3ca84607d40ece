"""Parameters of reading a log's files."""

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from mmctr.runtime.params import Params

TimeUnit = Literal["auto", "s", "ms", "us", "ns", "date", "days", "order"]


class LabelParams(Params):
    """How a column of the log becomes a label."""

    column: str | None = None
    """Column that tells clicks from the rest; null takes a column `label` where there
    is one."""
    threshold: float | None = None
    """A number of this size or above is a click; null expects 0 and 1."""
    positive: list[bool | str | int] = Field(default_factory=list)
    """Values that are clicks, as [buy]; all others are not."""

    @model_validator(mode="after")
    def _one_rule(self) -> "LabelParams":
        if self.threshold is not None and self.positive:
            raise ValueError(
                "threshold and positive are two rules for one label: set one of them"
            )
        return self


class ReadingParams(Params):
    """How the files of a log are read; a challenge's files have one form."""

    columns: dict[str, str] = Field(default_factory=dict)
    """Names of columns in the files, by the project's name, as {user_id: userId}; for
    any of the tables."""
    time_unit: TimeUnit = "auto"
    """What numbers in `timestamp` are; auto: unix time in s, ms, us or ns, by its size;
    date: dates such as 20240131; days: days since 1970; order: no time, only an
    order."""
    time_format: str | None = None
    """Form of text times that are no ISO 8601, as %d.%m.%Y %H:%M:%S (of strptime,
    without fractions of seconds)."""
    time_zone: str = "UTC"
    """Zone of times that say none, as Europe/Berlin; of the hour that a change of the
    clock repeats the first is taken."""
    keep: dict[str, list[bool | str | int]] = Field(default_factory=dict)
    """Rows of the log that are read, by values of a column, as {event: [view]}; all
    others are left out, and so is the column, unless it has a meaning, as the label."""
    tags_separator: str = "auto"
    """What separates tags in a text; auto: JSON, `|`, `,` or `;`, whichever there is;
    json: a JSON list."""
    label: LabelParams = LabelParams()
    drop_placeholder_users: bool = False
    """Leave out events whose user is empty or a word for nobody, such as null or -1."""
    drop_zero_times: bool = False
    """Leave out events whose timestamp is 0, which mostly stands for a missing one."""
    ignore_columns: list[str] = Field(default_factory=list)
    """Columns that are not read, by their names in the files."""
    follow_links: bool = False
    """Read files that are symbolic links, as DVC and caches make them."""

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"there is no time zone '{name}'; expected one such as Europe/Berlin"
            ) from error
        return name
