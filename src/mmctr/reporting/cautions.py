"""What a reader of the results must know before any number."""

from typing import Any

from mmctr.data.log_facts import LogFacts
from mmctr.reporting.pages import say
from mmctr.reporting.words import plain

HIGHEST_NE = 1.0
"""Above it, always predicting the click rate is better."""

HIGHEST_ECE = 0.05
"""Above it, probabilities are far from click rates."""

_MEASURES = {"auc": "AUC", "gauc": "gAUC", "logloss": "logloss"}


def cautions(metrics: dict[str, Any], part: str) -> list[str]:
    """Say what is bad: useless or wrong probabilities, and baselines that are better.

    Args:
        metrics: Of both parts.
        part: That the model is judged by.

    Returns:
        A sentence per problem; none for a good model.
    """
    found = metrics[part]
    ne, ece = found["ne"], found["ece"]
    said = []
    if ne is not None and ne > HIGHEST_NE:
        said.append(say("caution_ne", part=part, ne=ne))
    if ece is not None and ece > HIGHEST_ECE:
        said.append(say("caution_ece", part=part, ece=ece, most=HIGHEST_ECE))
    behind = {label: _better(found, name) for name, label in _MEASURES.items()}
    if any(behind.values()):
        said.append(say("caution_baselines", part=part, behind=behind))
    return said


def relative_probabilities(preparation_report: dict[str, Any]) -> str:
    """Say what probabilities are relative to, where negatives were drawn.

    Args:
        preparation_report: Of preparation.

    Returns:
        A sentence with the formula for another rate; empty where all rows are real.
    """
    if LogFacts.of(preparation_report).kind != "clicks":
        return ""
    drawn = preparation_report["log"]["negatives_per_positive"]
    return say("relative_probabilities", negatives=drawn)


def origin_of_rows(preparation_report: dict[str, Any]) -> str:
    """Say what the rows are: drawn negatives, or impressions; of which groups.

    Args:
        preparation_report: Of preparation.

    Returns:
        Some sentences; empty for a challenge.
    """
    if LogFacts.of(preparation_report).kind != "impressions":
        return relative_probabilities(preparation_report)
    # Valid has all its rows, where train may have a draw of them.
    valid = preparation_report["parts"]["valid"]
    rate = valid["positive_rows"] / valid["rows"]
    return say("impressions", log=preparation_report["log"], rate=rate)


def _better(found: dict[str, Any], measure: str) -> list[str]:
    """Name the baselines that the interval of the difference shows to be better."""
    return [
        plain(name)
        for name, baseline in found["baselines"].items()
        if baseline and (ends := baseline.get(f"{measure}_difference"))
        if (ends[0] > 0 if measure == "logloss" else ends[1] < 0)
    ]
