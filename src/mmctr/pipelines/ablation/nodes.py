"""Nodes of the ablation pipeline.

Nodes that take long save every result in a store as soon as it is made: a run that was
stopped continues with the missing ones.
"""

import logging
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CtrParams
from mmctr.data.datasets import ResultStore
from mmctr.experiments.ablation.inputs import choose_rows, with_tree_scores
from mmctr.experiments.ablation.params import AblationParams
from mmctr.experiments.ablation.plan import AblationPlan, make_plan
from mmctr.experiments.ablation.runs import RunTrainer, choose_candidates
from mmctr.experiments.common import describe_inputs
from mmctr.experiments.training import Items
from mmctr.experiments.varied_params import VariedParams
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.params import ScaleParams

logger = logging.getLogger(__name__)

MANY_ARMS = 12


def plan_ablation(
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
    items: pa.Table,
    vectors: dict[str, np.ndarray],
    preparation_report: dict,
    params: AblationParams,
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
) -> dict[str, Any]:
    """Resolve every arm and candidate, and name every result.

    Args:
        train: Rows with their statistics.
        valid: The same.
        test: The same.
        items: Tags and levels.
        vectors: By modality ``[n_items + 1, d]`` float32.
        preparation_report: Says what the levels were computed from.
        params: Arms, candidates, budget.
        quantization: What arms override.
        ctr_modeling: What arms override.

    Returns:
        :class:`~mmctr.experiments.ablation.plan.AblationPlan`, ready for JSON.

    Raises:
        ValueError: If an arm has nothing to train on these data.
    """
    rows = {"train": train, "valid": valid, "test": test}
    inputs = describe_inputs(rows, items, vectors, preparation_report)
    base = VariedParams(
        quantization=quantization, ctr_modeling=ctr_modeling
    ).as_single_training()
    plan = make_plan(params, base, inputs)
    trials = sum(1 for _ in plan.trials())
    for name, arm in plan.arms.items():
        for candidate, why in arm.left_out.items():
            logger.info(
                "arm '%s': candidate '%s' is left out, %s", name, candidate, why
            )
    if len(plan.arms) > MANY_ARMS:
        logger.warning(
            "%d arms: Holm's correction for so many makes differences hard to show; "
            "ablation.only chooses some",
            len(plan.arms),
        )
    again = sum(len(arm.candidates) > 1 for arm in plan.arms.values())
    logger.info(
        "%d arms, %d seeds: %d trainings to choose candidates, then %d more",
        len(plan.arms),
        params.seeds,
        trials,
        len(plan.trained) * params.seeds - again * params.candidate_seeds,
    )
    return plan.model_dump(mode="json")


def train_arms(
    plan: dict[str, Any],
    code_store: ResultStore,
    store: ResultStore,
    items: pa.Table,
    vectors: dict[str, np.ndarray],
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
    valid_tree_scores: np.ndarray,
    test_tree_scores: np.ndarray,
    scale: ScaleParams,
) -> dict[str, Any]:
    """Make the codes, try every arm's candidates, train the best one with every seed.

    Args:
        plan: From :func:`plan_ablation`.
        code_store: Receives the codes of every quantiser.
        store: Receives the result of every training, see :meth:`RunTrainer.train`.
        items: Tags and levels.
        vectors: By modality ``[n_items + 1, d]`` float32.
        train: Labelled rows.
        valid: Labelled rows; they choose the candidates.
        test: Rows to score; their labels are not read.
        valid_tree_scores: Probabilities of the boosted trees, ``[valid rows]``; here
            only to fail before the trainings if they don't belong to the rows.
        test_tree_scores: The same, ``[test rows]``.
        scale: Whether a cluster trains.

    Returns:
        The choice, see :func:`choose_candidates`.

    Raises:
        ValueError: If the trees' scores are of other rows; if codes can't be made,
            naming the arms that need them; or if a training fails, naming arm,
            candidate and seed.
    """
    planned = AblationPlan.model_validate(plan)
    trainer = RunTrainer(
        planned,
        code_store,
        Items(items, vectors),
        choose_rows(
            train,
            with_tree_scores(valid, valid_tree_scores, "valid"),
            with_tree_scores(test, test_tree_scores, "test"),
            planned.params,
        ),
    )
    trainer.make_codes(train)
    with connected_cluster(scale) as cluster:
        trials = trainer.train_missing(store, planned.trials(), "trials", cluster)
        choice = choose_candidates(planned, trials)
        for name, candidate in choice["chosen"].items():
            tried = choice["tried"][name]
            logger.info("arm '%s' uses candidate '%s' %s", name, candidate, tried or "")
        trainer.train_missing(store, planned.runs(choice["chosen"]), "runs", cluster)
    return choice
