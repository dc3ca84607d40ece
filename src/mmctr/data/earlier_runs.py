"""The latest runs of a data set beside the one whose metrics there are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmctr.data.judged_rows import JudgedRows
from mmctr.data.run_differences import differing_inputs, differing_parameters
from mmctr.data.run_history import RunHistory
from mmctr.data.run_parameters import made_of
from mmctr.evaluation.paired import COMPARED, Difference, compare_paired
from mmctr.evaluation.params import EvaluationParams

METRICS = "metrics"

_LATEST = 5


def compare_with_earlier_runs(
    history: RunHistory,
    manifest: dict[str, Any],
    part: str,
    rows: JudgedRows,
    probabilities: NDArray[np.float64],
    params: EvaluationParams,
) -> dict[str, Any]:
    """Subtract the measures of the latest runs from those of this one.

    Args:
        history: Of the data set; this run may be in it already, or not.
        manifest: Says what this run's metrics were made with.
        part: ``valid`` or ``test``: the rows that it is judged by.
        rows: These.
        probabilities: This run's, ``[R]``.
        params: Resamples, confidence, seed.

    Returns:
        Ready for JSON: ``part``, ``confidence``, ``measures`` (this run's) and
        ``runs``, the latest first. Each has ``number``, ``at``, ``report`` (its page
        beside this one's, or None), ``differs`` (parameter -> this run's value and its
        own), ``inputs`` (raw files with other contents) and ``minus``: by measure
        ``delta``, ``low`` and ``high`` of this run minus it; None where its rows are
        others or its probabilities gone.
    """
    at = manifest["made"].get(METRICS, {}).get("at")
    parameters, inputs = made_of(manifest["made"], METRICS, manifest["seed"])
    runs = [run for run in history.runs() if run.at != at][: -_LATEST - 1 : -1]
    others = {
        run.number: history.probabilities(run)
        for run in runs
        if run.rows_key == rows.key and history.is_comparable(run)
    }
    counted = rows.user_rows(weighted=params.weighted)
    own = object()  # without an earlier run there are its measures alone
    everyone = {**others, own: probabilities}
    found = compare_paired(counted, probabilities, everyone, params)
    return {
        "part": part,
        "confidence": params.confidence,
        "measures": {name: each.value for name, each in found[own].items()},
        "runs": [
            {
                "number": run.number,
                "at": run.at,
                "model": run.model,
                "report": page and f"{history.folder.name}/{page.name}",
                "metrics": {name: run.metrics.get(name) for name in COMPARED},
                "differs": differing_parameters(parameters, run.parameters),
                "inputs": differing_inputs(inputs, run.inputs),
                "minus": _minus(found.get(run.number)),
            }
            for run in runs
            for page in [history.report(run)]
        ],
    }


def _minus(found: dict[str, Difference] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        name: {
            "delta": each.delta,
            "low": each.interval and each.interval[0],
            "high": each.interval and each.interval[1],
        }
        for name, each in found.items()
    }
