"""Nodes of the ablation pipeline.

Nodes that take long save every result in a store as soon as it is made: a run that was
stopped goes on with the missing ones.
"""

import logging
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers import QuantizationParams
from mmctr.content.quantizers.item_codes import find_cold_items
from mmctr.ctr.params import CtrParams
from mmctr.data.datasets import ResultStore
from mmctr.experiments import training
from mmctr.experiments.ablation.inputs import choose_rows
from mmctr.experiments.ablation.params import AblationParams
from mmctr.experiments.ablation.plan import AblationPlan, make_plan
from mmctr.experiments.ablation.runs import RunTrainer, choose_candidates
from mmctr.experiments.common import describe_inputs
from mmctr.experiments.results import make_missing

logger = logging.getLogger(__name__)

MANY_ARMS = 12


def plan_ablation(
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    preparation_report: dict,
    params: AblationParams,
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
) -> dict[str, Any]:
    """Resolve every arm and candidate, and name every result.

    Args:
        train: Primary rows.
        valid: Primary rows.
        test: Primary rows.
        items: Tags and levels.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
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
    inputs = describe_inputs(
        rows, items, title_vectors, image_vectors, preparation_report
    )
    plan = make_plan(params, quantization, ctr_modeling, inputs)
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
        len(plan.arms) * params.seeds - again * params.candidate_seeds,
    )
    return plan.model_dump(mode="json")


def make_codes(
    plan: dict[str, Any],
    store: ResultStore,
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    train: pa.Table,
) -> dict[str, Any]:
    """Quantise both modalities once for every quantiser of the plan.

    Args:
        plan: From :func:`plan_ablation`.
        store: Receives the codes.
        items: Says how many there are.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
        train: Says which items are cold.

    Returns:
        Method and health of every quantiser, by the name of its codes.

    Raises:
        ValueError: If codes can't be made, naming the arms that need them.
    """
    settings: dict[str, QuantizationParams] = {}
    arms: dict[str, list[str]] = {}
    for label, arm in AblationPlan.model_validate(plan).arms.items():
        for setting in arm.candidates.values():
            if setting.codes is not None:
                settings[setting.codes] = setting.quantization
                arms.setdefault(setting.codes, []).append(label)

    def quantize(name: str) -> pa.Table:
        cold = find_cold_items(items, train)
        try:
            return training.make_codes(
                title_vectors, image_vectors, cold, settings[name]
            )
        except ValueError as error:
            users = ", ".join(dict.fromkeys(arms[name]))
            raise ValueError(
                f"{error}; null in place of an arm leaves it out, here ablation.arms: "
                f"{users}"
            ) from error

    make_missing(store, quantize, {name: name for name in settings}, "codes")
    return {name: training.facts_of(store.load(name)) for name in sorted(settings)}


def train_arms(
    plan: dict[str, Any],
    codes: dict[str, Any],
    code_store: ResultStore,
    store: ResultStore,
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Try the candidates of every arm, then train the best one with every seed.

    Args:
        plan: From :func:`plan_ablation`.
        codes: From :func:`make_codes`: all that the plan needs are there.
        code_store: Has the codes.
        store: Receives the result of every training, see :meth:`RunTrainer.train`.
        items: Tags and levels.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
        train: Labelled rows.
        valid: Labelled rows; they choose the candidates.
        test: Rows to score; their labels are not read.

    Returns:
        The choice, see :func:`choose_candidates`, and the facts of every training of
        the chosen candidates.

    Raises:
        ValueError: If a training fails, naming arm, candidate and seed.
    """
    planned = AblationPlan.model_validate(plan)
    trainer = RunTrainer(
        planned,
        code_store,
        training.Items(items, title_vectors, image_vectors),
        choose_rows(train, valid, test, planned.params),
    )
    trials = trainer.train_missing(store, planned.trials(), "trials")
    choice = choose_candidates(planned, trials)
    for name, candidate in choice["chosen"].items():
        tried = choice["tried"][name]
        logger.info("arm '%s' uses candidate '%s' %s", name, candidate, tried or "")
    runs = trainer.train_missing(store, planned.runs(choice["chosen"]), "runs")
    return choice, runs
