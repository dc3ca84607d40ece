"""Which statistics the rows have, and what these may know."""

from collections import Counter
from collections.abc import Sequence

from mmctr.data.row_statistics.table import StatisticsSource


def describe_statistics(
    columns: Sequence[str], source: StatisticsSource
) -> dict[str, object]:
    """Describe the statistics of a run.

    Args:
        columns: Names of the rows' columns; statistics are ``kind.name``.
        source: What they were made of.

    Returns:
        Ready for JSON: ``protocol``, None where it makes no difference: without
        statistics, without times, or where rows know only train's events of other
        users, ``of_others``; ``kinds``, the number of columns of each;
        ``events``, the clicks that may be counted; ``impressions`` that may, None in a
        log of clicks; ``windows_days``; ``max_history``.
    """
    kinds = Counter(name.partition(".")[0] for name in columns if "." in name)
    params = source.params
    return {
        "protocol": params.protocol if kinds and source.log.dated else None,
        "of_others": source.log.of_others,
        "kinds": {kind: kinds[kind] for kind in params.kinds if kind in kinds},
        "events": len(source.log.items),
        "impressions": source.rates and len(source.rates.shown.items),
        "windows_days": params.windows_days,
        "max_history": params.max_history,
    }
