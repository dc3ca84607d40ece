"""What scoring a log has shown: what is unknown, what has drifted, how good it is."""

from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.data.preparation.groups import BY_TIME, BY_USER
from mmctr.evaluation.alone import evaluate_scores
from mmctr.evaluation.drift import chance_index, stability_index
from mmctr.evaluation.params import EvaluationParams
from mmctr.serving.bundle import Bundle
from mmctr.serving.prediction.counts import summed
from mmctr.serving.prediction.log_scorer import ScoredPieces
from mmctr.serving.reference import Shares

# Share of the rows that must share user and time with another for those to be groups.
_SHARED = 0.5

_MISSING, _UNKNOWN = "missing", "unknown"


def report_of(scored: ScoredPieces, bundle: Bundle) -> dict[str, Any]:
    """Describe a scored log.

    Args:
        scored: Its pieces and what is known of the whole.
        bundle: What scored it.

    Returns:
        The content of ``predict_report.json``.
    """
    store, numbers = scored.store, range(scored.count)
    counts = summed(store.counts(number) for number in numbers)
    measured = pa.concat_tables(
        [store.measured(x) for x in numbers], promote_options="none"
    )
    rows = int(counts["rows"][0])
    reference = bundle.reference
    return {
        **scored.summary,
        "labelled_rows": int(counts["labelled"][0]),
        "click_rate": _share(counts["clicks"][0], counts["labelled"][0]),
        "mean_probability": _share(counts["score_sum"][0], rows),
        "probability": bundle.facts.probability,
        "bundle": {
            "commit": bundle.facts.commit,
            "versions": bundle.facts.versions,
            "dataset_kind": bundle.facts.dataset_kind,
            "metrics": bundle.facts.metrics,
        },
        "unknown": {
            "users": _share(counts["unknown_users"][0], rows)
            if bundle.events.num_rows
            else None,
            "candidates": _share(counts["unknown_candidates"][0], rows),
            "history_items": _share(
                counts["unknown_history"][0], counts["history_items"][0]
            ),
            "empty_histories": _share(counts["empty_histories"][0], rows),
        },
        "fields": {
            name: _drift(shares, counts[f"field {name}"], reference.train_rows)
            for name, shares in reference.fields.items()
        },
        "scores": _drift(reference.scores, counts["scores"], reference.score_rows),
        "odds": _drift(reference.odds, counts["odds"], reference.score_rows),
        "metrics": _metrics(
            measured, bundle.facts.ctr.evaluation, scored.summary["groups_by"]
        ),
    }


def _drift(expected: Shares, counts: list[float], rows: int) -> dict[str, Any]:
    total = sum(counts)
    found = [_share(x, total) or 0.0 for x in counts]
    shares = dict(zip(expected.bins, found, strict=True))
    train = dict(zip(expected.bins, expected.shares, strict=True))
    return {
        "psi": stability_index(expected.shares, counts),
        "psi_by_chance": chance_index(len(counts), rows, int(total)),
        "missing": [each.get(_MISSING) for each in (train, shares)],
        "unknown": [each.get(_UNKNOWN) for each in (train, shares)],
        "bins": expected.bins,
        "train": expected.shares,
        "log": found,
    }


def _metrics(
    rows: pa.Table, params: EvaluationParams, kind: str
) -> dict[str, Any] | None:
    labels = rows["label"].to_numpy()
    if len(np.unique(labels)) < 2:  # noqa: PLR2004  # an AUC needs both labels
        return None
    users, groups = rows["user"].to_numpy(), rows["group"].to_numpy()
    if kind == BY_TIME:
        _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        if (sizes[places] == 1).mean() > _SHARED:
            groups, kind = users, BY_USER
    scores = rows["probability"].to_numpy()
    return {"groups_by": kind, **evaluate_scores(labels, scores, users, groups, params)}


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
