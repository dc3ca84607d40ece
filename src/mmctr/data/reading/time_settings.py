"""Settings of times that do nothing for a column."""

import pyarrow as pa

from mmctr.data.column_kinds import TEXTS, is_any
from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.times import Times


def unused_settings(
    kind: pa.DataType, times: Times, params: ReadingParams, where: str
) -> list[str]:
    """Say which settings a column of times has no use for.

    Args:
        kind: The column's type in the file.
        times: What it was read as.
        params: How it is read.
        where: File and column, for messages.
    """
    is_text = is_any(kind, TEXTS) and times.unit is None
    has_zone = pa.types.is_timestamp(kind) and kind.tz is not None
    is_local = is_text or (pa.types.is_timestamp(kind) and not has_zone)
    unused = {
        f"time_unit={params.time_unit}": (
            params.time_unit != "auto" and times.unit is None,
            "no numbers",
        ),
        f"time_format={params.time_format}": (
            params.time_format is not None and not is_text,
            "no text",
        ),
        f"time_zone={params.time_zone}": (
            params.time_zone != "UTC" and not is_local,
            "no times of a clock without a zone",
        ),
    }
    return [
        f"preparation.reading.{name} is ignored: {where} holds {lacking}"
        for name, (is_unused, lacking) in unused.items()
        if is_unused
    ]
