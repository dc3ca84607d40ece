"""The page of the evidence over several logs, for people."""

from typing import Any

from mmctr.reporting.ablation_page import LABELS
from mmctr.reporting.blocks import Table
from mmctr.reporting.pages import render
from mmctr.reporting.words import difference, interval, percent


def write_page(evidence: dict[str, Any]) -> str:
    """Say what holds on more than one log, a table per measure.

    Args:
        evidence: From :func:`mmctr.experiments.evidence.report.combine_logs`.

    Returns:
        Markdown: every log's difference, the combined one, and how far to trust it.
    """
    results = evidence["results"]
    by_measure = {
        label: [found for found in results if found["measure"] == measure]
        for measure, label in LABELS.items()
    }
    return render(
        "evidence_page.md",
        e=evidence,
        holding=[
            (label, [found for found in group if found["holds"]])
            for label, group in by_measure.items()
        ],
        tables=[
            (label, _table(group, evidence["logs"]))
            for label, group in by_measure.items()
            if group
        ],
    )


def verdict(result: dict[str, Any]) -> str:
    """Say whether a difference holds, and in which direction."""
    return f"yes, {result['arm_is']}" if result["holds"] else "no"


def _table(results: list[dict[str, Any]], logs: list[str]) -> Table:
    def of_log(result: dict[str, Any], log: str) -> str:
        found = next((each for each in result["logs"] if each["log"] == log), None)
        return "-" if found is None else difference(found)

    return Table.of_records(
        "",
        results,
        {
            "difference": lambda found: f"{found['arm']} minus {found['other']}",
            **{log: lambda found, log=log: of_log(found, log) for log in logs},
            "combined": lambda found: difference(found["random"]),
            "Hartung-Knapp": lambda found: interval(
                tuple(found["hartung_knapp"].values()), sign="+"
            ),
            "I2": lambda found: percent(found["i2"], 0),
            "holds": verdict,
        },
    )
