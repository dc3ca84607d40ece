"""The page of an ablation, for people."""

from typing import Any

from mmctr.reporting.ablation_figures import compared_with
from mmctr.reporting.blocks import Table
from mmctr.reporting.pages import render
from mmctr.reporting.sentences import budget
from mmctr.reporting.words import NOTHING, count, difference, number, with_sd

_MEASURES = {
    "gAUC": "gauc",
    "AUC": "auc",
    "warm AUC": "warm_auc",
    "clean-cold": "clean_cold",
    "logloss": "logloss",
}
LABELS = {"gauc": "gAUC", "auc": "AUC", "logloss": "logloss (lower is better)"}
"""How tables and figures call the measures of a difference."""

_DIFFERENCES = {**LABELS, "warm_auc": "warm AUC"}
_COMPARED = ("arm", *_DIFFERENCES.values(), "p (gAUC, Holm)", "detectable (gAUC)")


def write_page(details: dict[str, Any]) -> str:
    """Say what was found, with the largest gAUC first.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.

    Returns:
        Markdown: the arms, their differences to control and rival, what the intervals
        cover, and what to beware of.
    """
    arms = sorted(details["arms"], key=lambda arm: -(arm["gauc_mean"] or 0))
    return render(
        "ablation_page.md",
        d=details,
        budget=budget(details),
        arms=Table.of_records(
            "",
            arms,
            {
                "arm": lambda arm: arm["name"],
                "chosen": lambda arm: arm["candidate"] or NOTHING,
                **{
                    label: lambda arm, name=name: with_sd(
                        arm[f"{name}_mean"], arm[f"{name}_sd"]
                    )
                    for label, name in _MEASURES.items()
                },
                "bits": lambda arm: count(arm["bits_per_item"]),
                "train s": lambda arm: count(arm["seconds"]),
                "steps to 99 %": lambda arm: count(arm["steps_to_99"]),
                "s to 99 %": lambda arm: number(arm["seconds_to_99"], 1),
            },
        ),
        differences=[
            (other, *_differences(arms, other)) for other in compared_with(details)
        ],
        listed=comparison_table(details["comparisons"]),
        slow=[arm["name"] for arm in arms if arm["out_of_time"]],
        rising=[arm["name"] for arm in arms if arm["still_rising"]],
    )


def comparison_table(comparisons: list[dict[str, Any]]) -> Table:
    """Tabulate the pairs of arms that ``ablation.comparisons`` lists."""
    return Table.of_records(
        "Pairs of arms, the second subtracted from the first",
        comparisons,
        {
            "arm": lambda found: found["arm"],
            "minus": lambda found: found["other"],
            **{
                label: lambda found, name=name: difference(found[name])
                for name, label in LABELS.items()
            },
            "p (gAUC)": lambda found: number(found["gauc"]["p"], 3),
        },
        words=2,
    )


def _differences(arms: list[dict[str, Any]], other: str) -> tuple[Table, float | None]:
    """Write the arms minus another, and the largest detectable difference."""
    compared = {
        arm["name"]: arm["against"][other] for arm in arms if arm["name"] != other
    }
    rows = [
        [
            name,
            *(difference(found[measure]) for measure in _DIFFERENCES),
            number(found["gauc"]["p_holm"], 3),
            number(found["gauc"]["detectable"]),
        ]
        for name, found in compared.items()
    ]
    detectable = [found["gauc"]["detectable"] for found in compared.values()]
    known = [value for value in detectable if value is not None]
    return Table("", _COMPARED, rows), max(known, default=None)
