"""What to see in a figure, said from its numbers."""

from collections.abc import Sequence
from typing import Any

from mmctr.reporting.words import (
    count,
    interval,
    listed,
    number,
    percent,
    seconds,
    signed,
    with_interval,
)

_PASSED = 10
"""Place of the rate 0.1 in the grid of ROC curves."""


def verdict(metrics: dict[str, Any], part: str) -> str:
    """Say which baselines the model beats, and which not."""
    found = metrics[part]
    beaten, others, absent = [], [], []
    for name, baseline in found["baselines"].items():
        label = name.replace("_", " ")
        ends = None if baseline is None else baseline["gauc_difference"]
        if ends is None:
            absent.append(label)
        else:
            (beaten if ends[0] > 0 else others).append(label)
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
            f"interval{'' if beaten else ' of the difference in gAUC'} has zero in it "
            "or lies below."
        )
    if not beaten and not others:
        said.append(f"On {part} it can't be told whether the model beats a baseline.")
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
        return (
            f"{said}, the last validation: it may not have learned all that it could."
        )
    return f"{said}, and stood at {number(last[name])} at the end."


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
        f"The nearest baseline in {label} on {part} is {name.replace('_', ' ')}: the "
        f"model is {signed(metrics[measure] - found[measure])} "
        f"{interval(found[f'{measure}_difference'], sign='+')} away from it."
    )


def roc(curves: dict[str, Any], part: str) -> str:
    """Say what is found for a tenth of the other rows, beside the best baseline."""
    found = curves["true_positive_rate"][_PASSED]
    if found is None:
        return f"The rows of {part} are all of one class, so there is no curve."
    passed = percent(curves["false_positive_rate"][_PASSED], 0)
    low, high = curves["low"][_PASSED], curves["high"][_PASSED]
    ends = "" if low is None else f" [{percent(low)}, {percent(high)}]"
    said = (
        f"If {passed} of the rows of {part} without a click pass, the model finds "
        f"{percent(found)}{ends} of the clicks"
    )
    known = {
        name: curve[_PASSED] for name, curve in curves["baselines"].items() if curve
    }
    if not known:
        return f"{said}."
    best = max(known, key=lambda name: known[name])
    return (
        f"{said}; the best baseline, {best.replace('_', ' ')}, {percent(known[best])}."
    )


def calibration(bins: Sequence[dict[str, Any]], part: str) -> str:
    """Name the bin with the largest gap, and count those that leave the line out."""
    worst = max(bins, key=lambda each: abs(_gap(each)))
    off = [
        each
        for each in bins
        if each["interval"]
        and not each["interval"][0] <= each["mean_probability"] <= each["interval"][1]
    ]
    side = "above" if _gap(worst) > 0 else "below"
    known = any(each["interval"] for each in bins)
    tail = (
        f"; in {len(off) or 'none'} of {len(bins)} bins the interval leaves it out"
        if known
        else ""
    )
    return (
        f"The largest gap on {part} is where {number(worst['mean_probability'], 3)} "
        "was predicted: the click rate, "
        f"{with_interval(worst['click_rate'], worst['interval'], 3)}, lies {side} it"
        f"{tail}."
    )


def slices(found: Sequence[dict[str, Any]], label: str, part: str) -> str:
    """Name the best and the worst slice, and say whether intervals tell them apart."""
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
            f"({count(best['rows'])} rows), with an AUC of {_auc(best)}."
        )
    apart = ""
    if best["auc_interval"] and worst["auc_interval"]:
        overlap = worst["auc_interval"][1] >= best["auc_interval"][0]
        apart = f"; their intervals {'overlap' if overlap else 'do not touch'}"
    best_at, worst_at = (
        f"{each['name']} ({count(each['rows'])} rows)" for each in (best, worst)
    )
    return (
        f"By {label}, the model is best at {best_at}: AUC {_auc(best)}; and worst at "
        f"{worst_at}: {_auc(worst)}{apart}."
    )


def times(nodes: dict[str, dict[str, Any]]) -> str:
    """Say which node took most."""
    total = sum(node["seconds"] for node in nodes.values()) or 1.0
    name = max(nodes, key=lambda each: nodes[each]["seconds"])
    share = percent(nodes[name]["seconds"] / total, 0)
    peak = max(nodes, key=lambda each: nodes[each]["peak_gb"])
    return (
        f"{name} took {share} of {seconds(total)}; the process was largest, "
        f"{number(nodes[peak]['peak_gb'], 2)} GB, by the end of {peak}."
    )


def arms(details: dict[str, Any], other: str) -> str:
    """Name the best arm, and say whether it differs from another."""
    compared = [
        arm
        for arm in details["arms"]
        if arm["name"] != other and arm["against"][other]["gauc"]["delta"] is not None
    ]
    if not compared:
        return f"No arm can be compared with {other}."
    best = max(compared, key=lambda arm: arm["against"][other]["gauc"]["delta"])
    found = best["against"][other]["gauc"]
    if found["low"] is None:
        told = "without an interval"
    elif found["low"] > 0:
        told = "the interval lies above zero"
    elif found["high"] < 0:
        told = "the interval lies below zero"
    else:
        told = "the interval has zero in it, so nothing is shown"
    ends = None if found["low"] is None else (found["low"], found["high"])
    return (
        f"Against {other}, {best['name']} is the best arm: "
        f"{signed(found['delta'])} {interval(ends, sign='+')} of gAUC; {told}."
    )


def _gap(each: dict[str, Any]) -> float:
    return float(each["click_rate"] - each["mean_probability"])


def _auc(each: dict[str, Any]) -> str:
    return with_interval(each["auc"], each["auc_interval"])
