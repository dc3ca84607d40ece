"""The differences that the reports of one log hold."""

from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import Any, NamedTuple

MEASURES = ("gauc", "auc", "logloss")
"""Of the first two more is better, of logloss less."""

_INTERVAL = ("delta", "low", "high")

MODEL = "model"
"""Stands for the trained model where a baseline is subtracted."""


class Pair(NamedTuple):
    """What is subtracted from what."""

    arm: str
    other: str


class Difference(NamedTuple):
    """A difference on one log, with its interval."""

    delta: float
    low: float
    high: float
    error: float
    """Standard error: half the interval's width over the normal quantile."""


Differences = dict[Pair, dict[str, Difference]]
"""Pair -> measure of :data:`MEASURES` -> difference; undefined ones are left out."""


def differences_of(
    ablation: Mapping[str, Any], metrics: Mapping[str, Any] | None
) -> Differences:
    """Collect the differences of one log.

    Args:
        ablation: ``ablation_details.json``.
        metrics: ``metrics.json``; None if the log has none. Its intervals are taken to
            have the confidence of those of the ablation: both are a parameter of
            ``ctr_modeling.evaluation``.

    Returns:
        First the listed comparisons, then every arm minus control and rival, then the
        model minus every baseline. Of a pair and its reverse only the first is kept.
    """
    reach = NormalDist().inv_cdf((1 + ablation["confidence"]) / 2)
    found: Differences = {}
    for pair, measures in (*_of_arms(ablation), *_of_baselines(metrics)):
        known = {
            name: Difference(delta, low, high, (high - low) / 2 / reach)
            for name, (delta, low, high) in measures.items()
            # An interval without a width says nothing of its precision.
            if None not in (delta, low, high) and high > low
        }
        is_new = pair not in found and Pair(pair.other, pair.arm) not in found
        if known and is_new:
            found[pair] = known
    return found


def _of_arms(ablation: Mapping[str, Any]) -> Iterator[tuple[Pair, dict[str, Any]]]:
    listed = [(Pair(x["arm"], x["other"]), x) for x in ablation["comparisons"]]
    against = [
        (Pair(arm["name"], other), arm["against"][other])
        for other in dict.fromkeys((ablation["control"], ablation["rival"]))
        for arm in ablation["arms"]
        if other is not None and arm["name"] != other
    ]
    for pair, found in (*listed, *against):
        yield pair, {name: [found[name][key] for key in _INTERVAL] for name in MEASURES}


def _of_baselines(
    metrics: Mapping[str, Any] | None,
) -> Iterator[tuple[Pair, dict[str, Any]]]:
    """The model minus baselines, on valid where test has no labels."""
    part = metrics and (metrics["test"] or metrics["valid"])
    for name, baseline in part["baselines"].items() if part else ():
        if baseline is not None:
            yield (
                Pair(MODEL, name),
                {
                    measure: (part[measure] - baseline[measure], *ends)
                    for measure in MEASURES
                    if (ends := baseline.get(f"{measure}_difference")) is not None
                },
            )
