"""The evidence of several logs as numbers and a table."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mmctr.experiments.evidence.differences import (
    MEASURES,
    Difference,
    Differences,
    Pair,
)
from mmctr.experiments.evidence.meta_analysis import combine
from mmctr.experiments.evidence.params import FEWEST_LOGS

_INTERVAL = ("delta", "low", "high")


def combine_logs(logs: Mapping[str, Differences], confidence: float) -> dict[str, Any]:
    """Combine every difference that two logs at least have.

    A difference *holds* if the interval by random effects leaves 0 out and every log's
    own difference has the same sign.

    Args:
        logs: Differences by the name of the log.
        confidence: Of the combined intervals.

    Returns:
        ``logs``, ``confidence``; ``results``, one entry per pair and measure: ``arm``,
        ``other``, ``measure``, ``logs`` (of each its ``log``, ``delta``, ``low`` and
        ``high``), what :func:`combine` gives, ``holds``, and ``arm_is``, ``better`` or
        ``worse``, by the sign of the combined difference; ``left_out``: pairs that one
        log alone has.
    """
    pairs = dict.fromkeys(pair for found in logs.values() for pair in found)
    results: list[dict[str, Any]] = []
    left_out = []
    for pair in pairs:
        of_pair = [
            _result(pair, measure, there, confidence)
            for measure in MEASURES
            if len(there := _there(logs, pair, measure)) >= FEWEST_LOGS
        ]
        results += of_pair
        if not of_pair:
            left_out.append(pair._asdict())
    return {
        "logs": list(logs),
        "confidence": confidence,
        "results": results,
        "left_out": left_out,
    }


def tabulate_evidence(evidence: dict[str, Any]) -> pd.DataFrame:
    """Tabulate the evidence, one row per pair and measure.

    Args:
        evidence: From :func:`combine_logs`.

    Returns:
        Every log's difference, the combined ones, and whether it holds.
    """
    return pd.DataFrame([_flat(result) for result in evidence["results"]])


def _there(
    logs: Mapping[str, Differences], pair: Pair, measure: str
) -> dict[str, Difference]:
    return {
        name: found[pair][measure]
        for name, found in logs.items()
        if measure in found.get(pair, {})
    }


def _result(
    pair: Pair, measure: str, there: Mapping[str, Difference], confidence: float
) -> dict[str, Any]:
    deltas = [found.delta for found in there.values()]
    combined = combine(deltas, [found.error for found in there.values()], confidence)
    low, high = combined["random"]["low"], combined["random"]["high"]
    is_up = combined["random"]["delta"] > 0
    return {
        **pair._asdict(),
        "measure": measure,
        "logs": [
            {"log": name, **{key: getattr(found, key) for key in _INTERVAL}}
            for name, found in there.items()
        ],
        **combined,
        "holds": (low > 0 and min(deltas) > 0) or (high < 0 and max(deltas) < 0),
        "arm_is": "better" if is_up == (measure != "logloss") else "worse",
    }


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    row = {name: result[name] for name in ("arm", "other", "measure")}
    for found in result["logs"]:
        row |= {f"{found['log']}_{key}": found[key] for key in _INTERVAL}
    for name in ("fixed", "random", "hartung_knapp"):
        row |= {f"{name}_{key}": value for key, value in result[name].items()}
    return row | {
        name: result[name] for name in ("tau2", "i2", "p_same", "holds", "arm_is")
    }
