"""Nodes of the predict pipeline; torch is imported when they run."""

import logging
from pathlib import Path
from typing import Any

from mmctr.data.datasets import TablePieces
from mmctr.data.reading.scored_log import ScoredLog
from mmctr.reporting.prediction_page import prediction_page
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.params import ScaleParams
from mmctr.serving.prediction.params import PredictParams

logger = logging.getLogger(__name__)


def score_log(
    bundle: Path, log: ScoredLog, params: PredictParams, scale: ScaleParams
) -> tuple[TablePieces, dict[str, Any]]:
    """Score every row of a log by a bundle, which is all that is needed.

    Args:
        bundle: Its folder.
        log: Rows, and what else is known of them.
        params: Pieces, and what happens to what is unknown.
        scale: Whether a cluster scores the pieces.

    Returns:
        The rows in their order, ``user_id``, ``item_id``, ``probability`` and the
        log's other columns, values as the log has them; and what is unknown, what has
        drifted, and metrics where there are labels.

    Raises:
        BundleError: If it is no bundle that can be used here.
        ValueError: If the log can't be scored by it; naming file, column and rows.
    """
    from mmctr.serving.prediction.log_scorer import LogScorer
    from mmctr.serving.prediction.report import report_of

    scorer = LogScorer.of(bundle, log, params)
    with connected_cluster(scale) as cluster:
        scored = scorer.score(cluster)

    def piece(numbers: slice) -> Any:
        if numbers.start >= numbers.stop:
            return scored.store.rows(0).slice(0, 0)
        return scored.store.rows(numbers.start)

    predictions = TablePieces(scored.count, 1, piece)
    report = report_of(scored, scorer.state.bundle)
    unknown = report["unknown"]["candidates"]
    if unknown > 0.5:
        logger.warning(
            "%.1f %% of the rows are of items that the bundle lacks, and are scored "
            "without features of their own; ids are to be written as in its log",
            100 * unknown,
        )
    return predictions, report


def write_prediction_page(report: dict) -> str:
    """Show what is unknown, what has drifted and how good the scores are.

    Args:
        report: From :func:`score_log`.

    Returns:
        HTML that loads nothing.
    """
    return prediction_page(report)
