"""What the report says of row statistics: which there are, and what they may know."""

from collections.abc import Sequence
from typing import Any

from mmctr.reporting.blocks import Block, Table, Text
from mmctr.reporting.pages import say
from mmctr.reporting.sentences import MEASURES, TREES
from mmctr.reporting.words import count, interval, measured


def protocol_sentence(metrics: dict[str, Any]) -> str:
    """Say what the statistics of valid and test may know."""
    return say("protocol", found=metrics["row_statistics"])


def frozen_sentence(metrics: dict[str, Any]) -> str:
    """Say how good the model is with frozen statistics; empty if that is not known."""
    found = metrics["test_frozen"]
    return say("frozen", found=found) if found else ""


def under_both(metrics: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the metrics of test by protocol; empty if there is no other one."""
    if not metrics["test_frozen"]:
        return {}
    return {"live": metrics["test"], "frozen": metrics["test_frozen"]}


def statistics_blocks(
    metrics: dict[str, Any], history: dict[str, Any]
) -> Sequence[Block]:
    """Show which statistics the rows have.

    Args:
        metrics: ``metrics.json``.
        history: ``training.json``, which names those that the model takes.
    """
    found = metrics["row_statistics"]
    text = Text(protocol_sentence(metrics))
    if not found["kinds"]:
        return [text]
    taken = {name.partition(".")[0] for name in history["statistics"]}
    table = Table.of_records(
        "Row statistics",
        found["kinds"],
        {
            "kind": str,
            "numbers per row": lambda kind: count(found["kinds"][kind]),
            "used by the model": lambda kind: "yes" if kind in taken else "no",
        },
        note=say("about_statistics", found=found),
    )
    return [text, table]


def protocol_tables(metrics: dict[str, Any]) -> list[Table]:
    """Write the model under both protocols, and minus the boosted trees.

    Returns:
        One table; none where there is no other protocol.
    """
    both = under_both(metrics)
    if not both:
        return []
    rows = []
    for protocol, found in both.items():
        minus = [minus_trees(found, measure) for measure in MEASURES]
        rows.append([protocol, *(measured(found, x) for x in MEASURES), *minus])
    header = (
        "row statistics",
        *MEASURES.values(),
        *(f"model minus boosted trees: {label}" for label in MEASURES.values()),
    )
    title = "Test: live and frozen row statistics"
    return [Table(title, header, rows, note=say("about_protocols"))]


def minus_trees(found: dict[str, Any], measure: str) -> str:
    """Write the interval of the model minus the boosted trees in one measure."""
    trees = found["baselines"][TREES] or {}
    return interval(trees.get(f"{measure}_difference"), sign="+")
