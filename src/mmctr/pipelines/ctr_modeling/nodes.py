"""Nodes of the ctr_modeling pipeline.

torch, Lightning and FuxiCTR are imported when a node runs, so that commands that only
list pipelines are quick.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.ctr.params import CtrParams
from mmctr.data.evaluated_rows import (
    evaluated_rows,
    in_later_half,
    known_rows,
    train_and_valid,
    with_unknown_item,
)
from mmctr.data.log_facts import LogFacts
from mmctr.evaluation import evaluate, evaluate_beside_trees
from mmctr.evaluation.baselines import repeats_predict_clicks, seen_before
from mmctr.pipelines.going_on import load_start
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams
from mmctr.serving.later_rows import rows_to_go_on_with

logger = logging.getLogger(__name__)

# Names of weights to ``torch.Tensor``. Kedro resolves the annotations of every node
# function, so naming torch here would import it for all commands.
Weights = dict[str, Any]


def train_model(
    item_table: pa.Table,
    vectors: dict[str, np.ndarray],
    train_rows: pa.Table,
    valid_rows: pa.Table,
    preparation_report: dict,
    params: CtrParams,
    item_id_mapping: pa.Table | None = None,
    start_bundle: Path | None = None,
    scale: ScaleParams = ONE_MACHINE,
) -> tuple[Weights, dict[str, object]]:
    """Train DIN, keep the weights that were best on valid, and calibrate them there.

    An interrupted training of the same content resumes from its checkpoint, with the
    same result.

    Args:
        item_table: Row i is item i, row 0 is padding.
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 zero; mapped, and read
            only if the features have them.
        train_rows: Labelled rows with their statistics.
        valid_rows: The same.
        preparation_report: Says which share of the negatives train has.
        params: Features, sizes, training.
        item_id_mapping: ``original_id`` of every item in order; only read to go on.
        start_bundle: The training goes on from its weights, with rows that are later
            than those it was trained on and a share of these; None: from scratch.
        scale: Whether workers of a cluster train, each with a part of every batch.

    Returns:
        Weights by name, with the calibrations fitted on the later half of valid, and
        the history of the training, ready for JSON. With ``training.refit`` those that
        have not seen valid are beside them.
    """
    from mmctr.ctr.inputs.click_log import ClickLog
    from mmctr.ctr.inputs.item_table import ItemTable
    from mmctr.ctr.prediction import predict_clicks
    from mmctr.ctr.training.advice import settings_advice
    from mmctr.ctr.training.calibrated_weights import add_calibrations
    from mmctr.ctr.training.memory_estimate import (
        estimate_memory,
        warn_if_memory_low,
    )
    from mmctr.ctr.training.on_cluster import training_by
    from mmctr.ctr.training.refit import refit, with_selected
    from mmctr.ctr.training.seeds import train_seeds, with_mean

    items = ItemTable.from_arrow(item_table, vectors)
    start, parents = load_start(start_bundle), []
    said: dict[str, Any] = {}
    if start is not None:
        ids = item_id_mapping["original_id"]
        parents = start.parents(start_bundle, ids)
        train_rows, said = rows_to_go_on_with(train_rows, start, params)
    facts = LogFacts.of(preparation_report)

    def as_log(rows: pa.Table) -> ClickLog:
        return ClickLog.from_arrow(
            rows,
            params.training.max_history,
            items.n_items,
            statistics=params.features.statistics,
            fields=params.features.fields,
            crosses=params.features.crosses,
            without=params.features.without,
            facts=facts,
        )

    train_log, valid_log = as_log(train_rows), as_log(valid_rows)
    if params.features.forms and not any(x.shape[1] for x in vectors.values()):
        logger.warning(
            "no item has a vector of any modality: the model is trained without "
            "content, and ctr_modeling.features.content=%s adds nothing",
            params.features.content,
        )
    advice = settings_advice(train_log, params.training)
    if advice:
        logger.warning(advice)
    groups = valid_rows["group_id"].to_numpy()
    estimate = estimate_memory(items, train_log, valid_log, params)
    warn_if_memory_low(estimate, params)
    folder = Path(params.checkpoint.folder) if params.checkpoint.folder else None
    with connected_cluster(scale) as cluster:
        train_one, kept = training_by(cluster, scale, folder)
        trained = train_seeds(
            items, train_log, valid_log, groups, params, kept, parents, train_one
        )
        scores = predict_clicks(items, trained.weights, valid_log, params)
        history = with_mean(trained.history, scores, valid_log, groups, params)
        # The later rows are more like those that are predicted next.
        latest = in_later_half(valid_rows)
        weights = add_calibrations(
            trained.weights,
            valid_log.label[latest],
            scores[latest],
            params.calibration.method,
        )
        if params.training.refit == "train_and_valid":
            both = as_log(train_and_valid(train_rows, valid_rows, facts, params.seed))
            again = refit(
                items, both, valid_log, groups, params, trained, kept, train_one
            )
            weights = with_selected(again.weights, weights)
            said["refit"] = again.history["refit"]
    said["memory_estimate_gb"] = round(estimate.total / 1e9, 3)
    if advice:
        said["advice"] = advice
    return weights, history | said


def evaluate_predictions(
    train: pa.Table,
    valid: pa.Table,
    valid_predictions: pa.Table,
    valid_tree_scores: np.ndarray,
    test: pa.Table,
    test_predictions: pa.Table,
    test_tree_scores: np.ndarray,
    test_frozen_predictions: pa.Table,
    test_frozen_tree_scores: np.ndarray,
    vectors: dict[str, np.ndarray],
    preparation_report: dict,
    row_statistics_report: dict,
    params: CtrParams,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure both parts: beside every baseline, and in detail.

    Args:
        train: What the baselines may know, and which targets are not cold; on test
            with valid's rows, if the model is trained on these too.
        valid: Primary rows.
        valid_predictions: Their probabilities.
        valid_tree_scores: Those of the boosted trees, ``[R]``.
        test: Primary rows, labelled or not.
        test_predictions: Their probabilities.
        test_tree_scores: Those of the boosted trees, ``[R]``.
        test_frozen_predictions: Probabilities with frozen statistics, or no rows.
        test_frozen_tree_scores: Those of the boosted trees.
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 is padding; those of
            the titles make baselines.
        preparation_report: Has the best possible AUC where it is known.
        row_statistics_report: What the statistics of the rows may know.
        params: Bootstrap, bins, priors.

    Returns:
        Metrics and details, each ``{"valid": M, "test": M}``; an unlabelled test is
        None. See :class:`mmctr.evaluation.Evaluation`. The metrics also have
        ``row_statistics``, the report, and ``test_frozen``, the model and the trees on
        test with frozen statistics; None where these are no others.
    """
    singles = params.evaluation.single_fields
    log = LogFacts.of(preparation_report)
    own = bool(params.evaluation.baselines)
    known = {"valid": known_rows(train, singles, log, whole=own)}
    known["test"] = known["valid"]
    if params.training.refit == "train_and_valid":
        both = train_and_valid(train, valid, log, params.seed)
        known["test"] = known_rows(both, singles, log, whole=own)
    oracle = preparation_report["oracle_auc"] or {}
    n_items = len(next(iter(vectors.values()))) - 1
    titles = vectors.get("title", np.zeros((n_items + 1, 0), np.float32))
    titles = with_unknown_item(titles[1:], test)
    # Valid alone decides, so that nothing of test chooses what is shown.
    checked = evaluated_rows(
        valid, valid_predictions, valid_tree_scores, n_items, singles
    )
    seen = seen_before(checked.items, checked.history, checked.offsets)
    repeats = repeats_predict_clicks(checked.labels, seen)
    metrics: dict[str, Any] = {"row_statistics": row_statistics_report}
    details: dict[str, Any] = {}
    for name, rows, *scores in (
        ("valid", valid, valid_predictions, valid_tree_scores),
        ("test", test, test_predictions, test_tree_scores),
    ):
        metrics[name] = details[name] = None
        if not rows["label"].null_count:
            metrics[name], details[name] = evaluate(
                evaluated_rows(rows, *scores, n_items, singles),
                known[name],
                titles,
                params.evaluation,
                oracle.get(name),
                repeats=repeats,
            )
    metrics["test_frozen"] = None
    if metrics["test"] and test_frozen_predictions.num_rows:
        frozen = (test_frozen_predictions, test_frozen_tree_scores)
        metrics["test_frozen"] = evaluate_beside_trees(
            evaluated_rows(test, *frozen, n_items, singles), params.evaluation
        )
    return metrics, details
