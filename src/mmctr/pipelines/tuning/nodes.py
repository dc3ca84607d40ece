"""Nodes of the tuning pipeline; none of them reads test."""

import logging
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers import QuantizationParams
from mmctr.ctr.params import CtrParams
from mmctr.data.datasets import Keep, Search
from mmctr.experiments.common import cut_rows, describe_items, fingerprint
from mmctr.experiments.training import Items
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.tuning.plan import TuningPlan, make_plan
from mmctr.experiments.tuning.trials import TrialTrainer, make_pruner, make_sampler

logger = logging.getLogger(__name__)


def plan_tuning(
    train: pa.Table,
    valid: pa.Table,
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    preparation_report: dict,
    params: TuningParams,
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
) -> dict[str, Any]:
    """Tell this study from any other, and count the points of a grid.

    Args:
        train: Primary rows.
        valid: Primary rows.
        items: Tags and levels.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
        preparation_report: Tells what the levels were made of.
        params: Space, sampler, budget.
        quantization: What the space varies.
        ctr_modeling: What the space varies.

    Returns:
        :class:`~mmctr.experiments.tuning.plan.TuningPlan`, ready for JSON.

    Raises:
        ValueError: If no point of a grid makes a model.
    """
    inputs = {
        "train": fingerprint(train),
        "valid": fingerprint(valid),
        **describe_items(items, title_vectors, image_vectors),
        "levels_from": preparation_report["levels_from"],
    }
    plan = make_plan(params, quantization, ctr_modeling, inputs)
    logger.info(
        "study %s: %d parameters, %d trials by %s",
        plan.study,
        len(params.chosen_space),
        params.n_trials if plan.points is None else len(plan.points),
        params.sampler,
    )
    return plan.model_dump(mode="json")


def search_settings(
    plan: dict[str, Any],
    keep: Keep,
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    train: pa.Table,
    valid: pa.Table,
) -> Search:
    """Say what is to be tried; the data set that this is saved to tries it.

    Args:
        plan: From :func:`plan_tuning`.
        keep: Finds or makes the codes of a quantiser's settings, so that trials share
            them.
        items: Tags and levels.
        title_vectors: ``[n_items + 1, d]`` float32.
        image_vectors: The same.
        train: Labelled rows.
        valid: Labelled rows.

    Returns:
        Objective, sampler, pruner and number of trials.
    """
    planned = TuningPlan.model_validate(plan)
    params = planned.params
    trainer = TrialTrainer(
        planned,
        keep,
        Items(items, title_vectors, image_vectors),
        cut_rows(train, params.budget, params.seed),
        valid,
    )
    return Search(
        study=planned.study,
        n_trials=params.n_trials,
        objective=trainer,
        sampler=partial(make_sampler, params),
        pruner=partial(make_pruner, params),
        points=planned.points,
    )
