"""Nodes of the ablation pipeline.

Nodes that take long give functions instead of results: the data set they are saved to
calls those whose results are not there yet
(``mmctr.data.datasets.MissingPartitions``), and trainings side by side.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers import QuantizationParams
from mmctr.content.quantizers.item_codes import find_cold_items
from mmctr.ctr.params import CtrParams
from mmctr.data.datasets import Makers
from mmctr.experiments.ablation.inputs import choose_rows
from mmctr.experiments.ablation.params import AblationParams
from mmctr.experiments.ablation.plan import AblationPlan, RunName, make_plan
from mmctr.experiments.ablation.processes import choose_processes
from mmctr.experiments.ablation.runs import RunTrainer, take
from mmctr.experiments.common import describe_items, fingerprint
from mmctr.experiments.training import Items, Partitions, facts_of
from mmctr.experiments.training import make_codes as quantize_both

logger = logging.getLogger(__name__)

MANY_ARMS = 12


def describe_inputs(
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    preparation_report: dict,
) -> dict[str, Any]:
    """Tell these data from any others.

    Args:
        train: Primary rows.
        valid: Primary rows.
        test: Primary rows.
        items: Tags and levels.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
        preparation_report: Tells what the levels were made of.

    Returns:
        Hashes of the rows and of ``items``, ``has_tags``,
        ``modalities`` (those that have vectors) and ``levels_from``.
    """
    rows = {"train": train, "valid": valid, "test": test}
    return {
        **{name: fingerprint(table) for name, table in rows.items()},
        **describe_items(items, title_vectors, image_vectors),
        "levels_from": preparation_report["levels_from"],
    }


def plan_ablation(
    inputs: dict[str, Any],
    params: AblationParams,
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
) -> dict[str, Any]:
    """Resolve every arm and candidate, and name every result.

    Args:
        inputs: From :func:`describe_inputs`.
        params: Arms, candidates, budget.
        quantization: What arms override.
        ctr_modeling: What arms override.

    Returns:
        :class:`~mmctr.experiments.ablation.plan.AblationPlan`, ready for JSON.

    Raises:
        ValueError: If an arm has nothing to train on these data.
    """
    plan = make_plan(params, quantization, ctr_modeling, inputs)
    trials = sum(1 for _ in plan.trials())
    for name, arm in plan.arms.items():
        for candidate, why in arm.left_out.items():
            logger.info(
                "arm '%s': candidate '%s' is left out, %s", name, candidate, why
            )
    if len(plan.arms) > MANY_ARMS:
        logger.warning(
            "%d arms: the correction for so many takes from each; ablation.only "
            "chooses some",
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
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    train: pa.Table,
) -> dict[str, Callable[[], pa.Table]]:
    """Quantise both modalities once for every quantiser of the plan.

    Args:
        plan: From :func:`plan_ablation`.
        items: Tells how many there are.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
        train: Tells which items are cold.

    Returns:
        A function a quantiser; it gives the codes of both modalities and their health,
        or raises a ValueError that names the arms.
    """
    settings: dict[str, QuantizationParams] = {}
    arms: dict[str, list[str]] = {}
    for label, arm in AblationPlan.model_validate(plan).arms.items():
        for setting in arm.candidates.values():
            if setting.codes is not None:
                settings[setting.codes] = setting.quantization
                arms.setdefault(setting.codes, []).append(label)

    def quantize(name: str) -> pa.Table:
        params = settings[name]
        cold = find_cold_items(items, train)
        try:
            return quantize_both(title_vectors, image_vectors, cold, params)
        except ValueError as error:
            users = ", ".join(dict.fromkeys(arms[name]))
            raise ValueError(
                f"{error}; null in place of an arm leaves it out, here ablation.arms: "
                f"{users}"
            ) from error

    return {name: partial(quantize, name) for name in settings}


def try_candidates(
    plan: dict[str, Any],
    codes: Partitions,
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
) -> Makers:
    """Train every candidate of the arms that have several, with the first seeds.

    Args:
        plan: From :func:`plan_ablation`.
        codes: From :func:`make_codes`.
        items: Tags and levels.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
        train: Labelled rows.
        valid: Labelled rows.
        test: Rows.

    Returns:
        A function a training; see :meth:`RunTrainer.train` for what it gives.
    """
    planned = AblationPlan.model_validate(plan)
    rows = choose_rows(train, valid, test, planned.params)
    return _trainings(
        RunTrainer(planned, codes, Items(items, title_vectors, image_vectors), rows),
        list(planned.trials()),
        {},
    )


def choose_candidates(plan: dict[str, Any], trials: Partitions) -> dict[str, Any]:
    """Choose each arm's candidate by valid, and by nothing else.

    Args:
        plan: From :func:`plan_ablation`.
        trials: From :func:`try_candidates`.

    Returns:
        ``{"chosen": {arm: candidate}, "tried": {arm: {candidate: value}}}``: means
        over the seeds of what the kept weights reached.
    """
    planned = AblationPlan.model_validate(plan)
    values: dict[str, dict[str, list[float]]] = {name: {} for name in planned.arms}
    for run in planned.trials():
        kept = facts_of(take(trials, run.partition)())["kept"][planned.params.choose_by]
        # Without two classes in any group there is no gAUC.
        value = -np.inf if kept is None else kept
        values[run.arm].setdefault(run.candidate, []).append(value)
    tried = {
        name: {candidate: float(np.mean(each)) for candidate, each in found.items()}
        for name, found in values.items()
    }
    chosen = {
        name: max(tried[name], key=tried[name].__getitem__)
        if tried[name]
        else next(iter(arm.candidates))
        for name, arm in planned.arms.items()
    }
    for name, candidate in chosen.items():
        logger.info("arm '%s' goes with '%s' %s", name, candidate, tried[name] or "")
    return {"chosen": chosen, "tried": tried}


def train_arms(
    plan: dict[str, Any],
    choice: dict[str, Any],
    trials: Partitions,
    codes: Partitions,
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
) -> Makers:
    """Train the chosen candidate of every arm with every seed.

    What :func:`try_candidates` has trained already is taken over.

    Args:
        plan: From :func:`plan_ablation`.
        choice: From :func:`choose_candidates`.
        trials: From :func:`try_candidates`.
        codes: From :func:`make_codes`.
        items: Tags and levels.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
        train: Labelled rows.
        valid: Labelled rows.
        test: Rows.

    Returns:
        A function a training, or its result; see :meth:`RunTrainer.train`.
    """
    planned = AblationPlan.model_validate(plan)
    rows = choose_rows(train, valid, test, planned.params)
    return _trainings(
        RunTrainer(planned, codes, Items(items, title_vectors, image_vectors), rows),
        list(planned.runs(choice["chosen"])),
        trials,
    )


def _trainings(trainer: RunTrainer, runs: list[RunName], known: Partitions) -> Makers:
    """Say what is to be trained; results that are known are taken over."""
    params = trainer.plan.params
    return Makers(
        trainer.train,
        {run.partition: run for run in runs if run.partition not in known},
        ready={x.partition: known[x.partition]() for x in runs if x.partition in known},
        processes=choose_processes(params.processes, _device(trainer.plan)),
    )


def _device(plan: AblationPlan) -> str:
    """That of all trainings: no arm may have its own."""
    arm = next(iter(plan.arms.values()))
    return next(iter(arm.candidates.values())).ctr_modeling.device
