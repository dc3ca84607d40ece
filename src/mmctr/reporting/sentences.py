"""Sentences on what a figure shows: the facts here, the words in the template."""

from collections.abc import Sequence
from typing import Any

from mmctr.reporting.pages import say
from mmctr.reporting.words import interval, percent, plain

_PASSED = 10
"""Place of the rate 0.1 in the grid of ROC curves."""


TREES = "boosted_trees"
"""The baseline that has a sentence of its own."""

PRIOR = "prior"
"""The baseline that ranks nothing."""

MIN_SLICE_ROWS = 200
"""Slices of fewer rows are grey, and neither best nor worst: with a fourth of the rows
clicked, their AUC has an interval of .08 to both sides, wider than slices differ."""

MEASURES = {"auc": "AUC", "gauc": "gAUC", "logloss": "logloss"}
"""What the model and its baselines are compared by, and how it is written."""


def verdict(metrics: dict[str, Any], part: str) -> str:
    """Say which baselines the model beats, and which it does not."""
    beaten, others, absent = [], [], []
    for name, baseline in metrics[part]["baselines"].items():
        if name in (TREES, PRIOR):
            continue
        ends = baseline and baseline["gauc_difference"]
        group = absent if ends is None else beaten if ends[0] > 0 else others
        group.append(plain(name))
    return say("verdict", part=part, beaten=beaten, others=others, absent=absent)


def headline(metrics: dict[str, Any], part: str) -> str:
    """Say whether the model ranks better than the baselines, and how sure that is."""
    known = {
        name: baseline
        for name, baseline in metrics[part]["baselines"].items()
        if name != PRIOR and baseline and baseline["gauc_difference"]
    }
    others = [plain(x) for x, each in known.items() if each["gauc_difference"][0] <= 0]
    best = max(known, key=lambda name: known[name]["gauc"], default=None)
    facts = {"best": best, "found": known.get(best or ""), "others": others}
    return say("headline", part=part, model=metrics[part], count=len(known), **facts)


def beats_all(metrics: dict[str, Any], part: str) -> bool:
    """Whether the model is compared with all baselines and ranks better than each."""
    ends = [
        baseline and baseline["gauc_difference"]
        for name, baseline in metrics[part]["baselines"].items()
        if name != PRIOR
    ]
    return bool(ends) and all(each and each[0] > 0 for each in ends)


def against_trees(metrics: dict[str, Any], part: str) -> str:
    """Say in which measures the model is better than the boosted trees."""
    trees = metrics[part]["baselines"][TREES]
    better, worse, same, undefined = [], [], [], []
    for measure, label in MEASURES.items() if trees else ():
        ends = trees[f"{measure}_difference"]
        if ends is None:
            undefined.append(label)
            continue
        # The lower the logloss, the better.
        low, high = (-ends[1], -ends[0]) if measure == "logloss" else ends
        group = better if low > 0 else worse if high < 0 else same
        group.append(f"{label} {interval(ends, sign='+')}")
    groups = {"better": better, "worse": worse, "same": same, "undefined": undefined}
    return say("against_trees", part=part, is_there=bool(trees), **groups)


def training(history: dict[str, Any]) -> str:
    """Say how far the monitored measure improved, and whether it got worse again."""
    entries, name = history["validations"], history["monitor"]
    label = {"auc": "AUC", "gauc": "gAUC", "logloss": "Logloss"}[name]
    ends = {"first": entries[0], "last": entries[-1]}
    return say("training", label=label, name=name, history=history, **ends)


def differences(metrics: dict[str, Any], measure: str, label: str, part: str) -> str:
    """Name the baseline that is nearest to the model."""
    known = {
        name: found
        for name, found in metrics["baselines"].items()
        if found and found[measure] is not None
    }
    name = difference = ends = None
    if metrics[measure] is not None and known:
        name = max(known, key=lambda each: known[each][measure])
        difference = metrics[measure] - known[name][measure]
        ends = known[name][f"{measure}_difference"]
    facts = {"name": name, "difference": difference, "ends": ends}
    return say("nearest", label=label, part=part, **facts)


def roc(curves: dict[str, Any], part: str) -> str:
    """Say how many clicks are found when a tenth of the other rows pass."""
    if curves["true_positive_rate"][_PASSED] is None:
        return f"The rows of {part} are all of one class, so there is no curve."
    known = {
        name: curve[_PASSED] for name, curve in curves["baselines"].items() if curve
    }
    best = max(known, key=lambda name: known[name], default=None)
    return say(
        "roc",
        part=part,
        passed=curves["false_positive_rate"][_PASSED],
        found=clicks_found(curves, _PASSED),
        best=best,
        found_by_best=best and known[best],
    )


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
    ends = [(each["mean_probability"], each["interval"]) for each in bins]
    known = [(mean, found) for mean, found in ends if found]
    off = sum(not low <= mean <= high for mean, (low, high) in known)
    return say(
        "calibration",
        part=part,
        worst=worst,
        is_above=gap(worst) > 0,
        bins=len(bins),
        off=off if known else None,
    )


def slices(found: Sequence[dict[str, Any]], label: str, part: str) -> str:
    """Name the best and the worst slice, and say whether their intervals overlap."""
    known = [x for x in found if x["auc"] is not None and has_enough_rows(x)]
    best, worst = (
        choose(known, key=lambda each: each["auc"], default=None)
        for choose in (max, min)
    )
    overlap = None
    if known and best["auc_interval"] and worst["auc_interval"]:
        overlap = worst["auc_interval"][1] >= best["auc_interval"][0]
    facts = {"best": best, "worst": worst, "overlap": overlap, "fewest": MIN_SLICE_ROWS}
    return say("slices", label=label, part=part, **facts)


def has_enough_rows(found: dict[str, Any]) -> bool:
    """Whether a slice has rows enough to be judged by."""
    return found["rows"] >= MIN_SLICE_ROWS


def times(nodes: dict[str, dict[str, Any]]) -> str:
    """Say which node took longest, and when the process was largest."""
    total = sum(node["seconds"] for node in nodes.values()) or 1.0
    name, largest = (
        max(nodes, key=lambda each: nodes[each][measure])
        for measure in ("seconds", "peak_gb")
    )
    share, peak = nodes[name]["seconds"] / total, nodes[largest]["peak_gb"]
    facts = {"share": share, "total": total, "largest": largest, "peak": peak}
    return say("times", name=name, **facts)


def budget(ablation: dict[str, Any]) -> str:
    """Say what an ablation trained and on how many rows."""
    return say("budget", ablation=ablation, rows=ablation["rows"])


def arms(details: dict[str, Any], other: str) -> str:
    """Name the best arm, and say whether it differs from another."""
    compared = {
        arm["name"]: arm["against"][other]["gauc"]
        for arm in details["arms"]
        if arm["name"] != other and arm["against"][other]["gauc"]["delta"] is not None
    }
    best = max(compared, key=lambda name: compared[name]["delta"], default=None)
    return say("arms", other=other, best=best, found=best and compared[best])
