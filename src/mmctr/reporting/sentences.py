"""Sentences on what a figure shows, written from its numbers."""

from collections.abc import Sequence
from typing import Any

from mmctr.reporting.words import (
    count,
    interval,
    listed,
    measured,
    number,
    percent,
    plain,
    seconds,
    with_interval,
)

_PASSED = 10
"""Place of the rate 0.1 in the grid of ROC curves."""


def verdict(metrics: dict[str, Any], part: str) -> str:
    """Say which baselines the model beats, and which it does not."""
    beaten, others, absent = [], [], []
    for name, baseline in metrics[part]["baselines"].items():
        ends = baseline and baseline["gauc_difference"]
        group = absent if ends is None else beaten if ends[0] > 0 else others
        group.append(plain(name))
    said = []
    if beaten:
        said.append(
            f"On {part} the model ranks better than {listed(beaten)}: the interval of "
            "the difference in gAUC lies above zero."
        )
    if others:
        subject = "It" if beaten else f"On {part} the model"
        said.append(
            f"{subject} is not shown to rank better than {listed(others)}: the "
            f"interval{'' if beaten else ' of the difference in gAUC'} contains zero "
            "or lies below it."
        )
    if not beaten and not others:
        said.append(f"On {part} it is unknown whether the model beats a baseline.")
    if absent:
        said.append(f"No comparison: {listed(absent)}.")
    return " ".join(said)


def training(history: dict[str, Any]) -> str:
    """Say how far the monitored measure rose, and whether it fell again."""
    entries, name = history["validations"], history["monitor"]
    label = {"auc": "AUC", "gauc": "gAUC"}.get(name, name)
    said = (
        f"{label} on valid went from {number(entries[0][name])} at step "
        f"{count(entries[0]['step'])} to its best, {number(history['best'])}, at step "
        f"{count(history['best_step'])}"
    )
    last = entries[-1]
    if history["best_step"] == last["step"]:
        return f"{said}, the last validation: more steps might help."
    return f"{said}, and was {number(last[name])} at the end."


def differences(metrics: dict[str, Any], measure: str, label: str, part: str) -> str:
    """Name the baseline that is nearest to the model."""
    known = {
        name: found
        for name, found in metrics["baselines"].items()
        if found and found[measure] is not None
    }
    if metrics[measure] is None or not known:
        return f"{label} is undefined on {part}."
    name = max(known, key=lambda each: known[each][measure])
    found = known[name]
    return (
        f"The nearest baseline in {label} on {part} is {plain(name)}: the model is "
        f"{number(metrics[measure] - found[measure], sign='+')} "
        f"{interval(found[f'{measure}_difference'], sign='+')} away from it."
    )


def roc(curves: dict[str, Any], part: str) -> str:
    """Say how many clicks are found when a tenth of the other rows pass."""
    if curves["true_positive_rate"][_PASSED] is None:
        return f"The rows of {part} are all of one class, so there is no curve."
    passed = percent(curves["false_positive_rate"][_PASSED], 0)
    said = (
        f"If {passed} of the rows of {part} without a click pass, the model finds "
        f"{clicks_found(curves, _PASSED)} of the clicks"
    )
    known = {
        name: curve[_PASSED] for name, curve in curves["baselines"].items() if curve
    }
    if not known:
        return f"{said}."
    best = max(known, key=lambda name: known[name])
    return f"{said}; the best baseline, {plain(best)}, {percent(known[best])}."


def clicks_found(curves: dict[str, Any], place: int) -> str:
    """Write the true positive rate at one place of the grid, with its interval."""
    low, high = curves["low"][place], curves["high"][place]
    ends = "" if low is None else f" [{percent(low)}, {percent(high)}]"
    return f"{percent(curves['true_positive_rate'][place])}{ends}"


def calibration(bins: Sequence[dict[str, Any]], part: str) -> str:
    """Name the bin with the largest gap, and count the intervals off the diagonal."""

    def gap(each: dict[str, Any]) -> float:
        return float(each["click_rate"] - each["mean_probability"])

    worst = max(bins, key=lambda each: abs(gap(each)))
    known = [each for each in bins if each["interval"]]
    off = [
        each
        for each in known
        if not each["interval"][0] <= each["mean_probability"] <= each["interval"][1]
    ]
    tail = f"; in {len(off) or 'none'} of {len(bins)} bins the interval excludes it"
    return (
        f"The largest gap on {part} is where {number(worst['mean_probability'], 3)} "
        "was predicted: the click rate, "
        f"{with_interval(worst['click_rate'], worst['interval'], 3)}, lies "
        f"{'above' if gap(worst) > 0 else 'below'} it{tail if known else ''}."
    )


def slices(found: Sequence[dict[str, Any]], label: str, part: str) -> str:
    """Name the best and the worst slice, and say whether their intervals overlap."""
    known = [each for each in found if each["auc"] is not None]
    # A handful of rows, too few for an interval, is neither best nor worst.
    known = [each for each in known if each["auc_interval"]] or known
    if not known:
        return f"No slice by {label} has rows of both classes on {part}."
    best = max(known, key=lambda each: each["auc"])
    worst = min(known, key=lambda each: each["auc"])
    if best is worst:
        return (
            f"By {label} there is one slice on {part}, {best['name']} "
            f"({count(best['rows'])} rows), with an AUC of {measured(best, 'auc')}."
        )
    apart = ""
    if best["auc_interval"] and worst["auc_interval"]:
        overlap = worst["auc_interval"][1] >= best["auc_interval"][0]
        apart = f"; their intervals {'overlap' if overlap else 'do not touch'}"
    best_at, worst_at = (
        f"{each['name']} ({count(each['rows'])} rows)" for each in (best, worst)
    )
    return (
        f"By {label}, the model is best at {best_at}: AUC {measured(best, 'auc')}; "
        f"and worst at {worst_at}: {measured(worst, 'auc')}{apart}."
    )


def times(nodes: dict[str, dict[str, Any]]) -> str:
    """Say which node took longest, and when the process was largest."""
    total = sum(node["seconds"] for node in nodes.values()) or 1.0
    name = max(nodes, key=lambda each: nodes[each]["seconds"])
    share = percent(nodes[name]["seconds"] / total, 0)
    peak = max(nodes, key=lambda each: nodes[each]["peak_gb"])
    return (
        f"{name} took {share} of {seconds(total)}; the process was largest, "
        f"{number(nodes[peak]['peak_gb'], 2)} GB, by the end of {peak}."
    )


def budget(ablation: dict[str, Any]) -> str:
    """Say what an ablation trained and on how many rows."""
    rows = ablation["rows"]
    tested = "a part of valid" if ablation["test_is_part_of_valid"] else "test"
    return (
        f"{len(ablation['arms'])} arms, {len(ablation['seeds'])} seed(s) each, "
        f"{count(rows['train'])} train rows; settings chosen by "
        f"{ablation['choose_by']} on {count(rows['valid'])} valid rows, reported once "
        f"on {count(rows['test'])} rows of {tested}."
    )


def arms(details: dict[str, Any], other: str) -> str:
    """Name the best arm, and say whether it differs from another."""
    compared = {
        arm["name"]: arm["against"][other]["gauc"]
        for arm in details["arms"]
        if arm["name"] != other and arm["against"][other]["gauc"]["delta"] is not None
    }
    if not compared:
        return f"No arm can be compared with {other}."
    best = max(compared, key=lambda name: compared[name]["delta"])
    found = compared[best]
    ends = None if found["low"] is None else (found["low"], found["high"])
    if ends is None:
        verdict = "without an interval"
    elif ends[0] > 0:
        verdict = "the interval lies above zero"
    elif ends[1] < 0:
        verdict = "the interval lies below zero"
    else:
        verdict = "the interval contains zero, so nothing is shown"
    return (
        f"Against {other}, {best} is the best arm: {number(found['delta'], sign='+')} "
        f"{interval(ends, sign='+')} of gAUC; {verdict}."
    )
