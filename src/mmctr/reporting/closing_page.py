"""What a run ends with on the terminal: the verdict, and where to go from here."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mmctr.evaluation.comparison import PRIOR
from mmctr.reporting import sentences
from mmctr.reporting.cautions import cautions
from mmctr.reporting.log_blocks import dropped_sentence
from mmctr.reporting.model_sections import judged_part
from mmctr.reporting.pages import render
from mmctr.reporting.sentences import MEASURES
from mmctr.reporting.words import NOTHING, interval, number, plain, with_interval

SUMMARY_INPUTS = ("preparation_report", "metrics", "training_history")
"""Data sets that the summary needs."""


class NextCommand(NamedTuple):
    """A command that runs as it stands, and what it is for."""

    purpose: str
    command: str


def summarize(
    inputs: dict[str, Any],
    *,
    dataset: str,
    results: dict[str, str],
    commands: Sequence[NextCommand],
) -> str:
    """Write the summary of a run.

    Args:
        inputs: The data sets named in :data:`SUMMARY_INPUTS`.
        dataset: Name of the data set.
        results: What there is to look at -> where it lies.
        commands: To go on with.

    Returns:
        Plain text for a window of 120 columns and 40 lines.
    """
    report, metrics = inputs["preparation_report"], inputs["metrics"]
    part = judged_part(metrics)
    return render(
        "closing_page.txt",
        dataset=dataset,
        report=report,
        log=report["log"],
        dropped=dropped_sentence(report["log"]) if report["log"] else "",
        unknown=report.get("unknown", {}).get("found", []),
        cautions=cautions(metrics, part),
        headline=sentences.headline(metrics, part),
        part=part,
        table=_table(metrics[part], part),
        undefined=_undefined(metrics),
        oracle_auc=metrics[part].get("oracle_auc"),
        is_judged_by_valid=metrics["test"] is None,
        advice=inputs["training_history"].get("advice"),
        results=results,
        commands=commands,
        width=max(map(len, results), default=0),
    )


def _undefined(metrics: dict[str, Any]) -> list[str]:
    """Say which measure of a part with labels is undefined, and why."""
    lines = []
    for part in ("valid", "test"):
        found = metrics[part]
        if found is not None and found["auc"] is None:
            lines.append(f"on {part} AUC is undefined: all rows have one label")
        elif found is not None and found["gauc"] is None:
            lines.append(f"on {part} gAUC is undefined: no group has both labels")
    return lines


def _table(found: dict[str, Any], part: str) -> str:
    """Five measures of the model, each beside the best baseline in it."""
    rows = [(f"on {part}", "model", "best baseline", "model minus it")]
    rows += [_compared(found, measure, label) for measure, label in MEASURES.items()]
    rows += [_entropy(found), _calibration(found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:{n}}" for cell, n in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(f"  {line}" for line in lines)


def _compared(found: dict[str, Any], measure: str, label: str) -> tuple[str, ...]:
    own = with_interval(found[measure], found[f"{measure}_interval"])
    name = _best(found, measure)
    if name is None:
        return (label, own, NOTHING, "")
    best = found["baselines"][name]
    ends = interval(best[f"{measure}_difference"], sign="+")
    return (label, own, f"{number(best[measure])} {plain(name)}", ends)


def _entropy(found: dict[str, Any]) -> tuple[str, ...]:
    """NE is the logloss over that of the click rate, the same for every scorer."""
    name = _best(found, "logloss")
    best = NOTHING
    if name is not None and found["ne"] is not None and found["logloss"]:
        value = found["baselines"][name]["logloss"] * found["ne"] / found["logloss"]
        best = f"{number(value)} {plain(name)}"
    return ("NE", number(found["ne"]), best, "")


def _calibration(found: dict[str, Any]) -> tuple[str, ...]:
    """Beside the ECE is the one that calibrated probabilities would show by chance."""
    chance = found.get("ece_if_calibrated")
    least = f"{number(chance[0])} if calibrated" if chance else ""
    return ("ECE", number(found["ece"]), least, "")


def _best(found: dict[str, Any], measure: str) -> str | None:
    """Name the best baseline; the click rate alone ranks nothing."""
    known = {
        name: baseline[measure]
        for name, baseline in found["baselines"].items()
        if baseline and baseline.get(measure) is not None
        if measure == "logloss" or name != PRIOR
    }
    choose = min if measure == "logloss" else max
    return choose(known, key=lambda name: known[name], default=None)
