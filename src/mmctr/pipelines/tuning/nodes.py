"""Nodes of the tuning pipeline; none of them reads test."""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CtrParams
from mmctr.data.datasets import LoadedResults, ResultStore, StudyFile
from mmctr.experiments.common import cut_rows, describe_inputs
from mmctr.experiments.training import Items
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.tuning.plan import TuningPlan, make_plan
from mmctr.experiments.tuning.report import report_trials
from mmctr.experiments.tuning.search import Search
from mmctr.experiments.tuning.spread_search import SpreadSearch
from mmctr.experiments.tuning.trials import TrialTrainer
from mmctr.experiments.varied_params import VariedParams
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.params import ScaleParams
from mmctr.runtime.scale.workers import run_on_workers

logger = logging.getLogger(__name__)


def plan_tuning(
    train: pa.Table,
    valid: pa.Table,
    items: pa.Table,
    vectors: dict[str, np.ndarray],
    preparation_report: dict,
    params: TuningParams,
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
) -> dict[str, Any]:
    """Name the study by all that goes into it, and list the points of a grid.

    Args:
        train: Rows with their statistics.
        valid: The same.
        items: Tags and levels.
        vectors: By modality ``[n_items + 1, d]`` float32.
        preparation_report: Says what the levels were computed from.
        params: Space, sampler, budget.
        quantization: What the space varies.
        ctr_modeling: What the space varies.

    Returns:
        :class:`~mmctr.experiments.tuning.plan.TuningPlan`, ready for JSON.

    Raises:
        ValueError: If no point of a grid makes a model.
    """
    rows = {"train": train, "valid": valid}
    inputs = describe_inputs(rows, items, vectors, preparation_report)
    base = VariedParams(
        quantization=quantization, ctr_modeling=ctr_modeling
    ).as_single_training()
    plan = make_plan(params, base, inputs)
    logger.info(
        "study %s: %d parameters, %d trials by %s",
        plan.study,
        len(params.chosen_space),
        plan.n_trials,
        params.sampler,
    )
    return plan.model_dump(mode="json")


def search_settings(
    plan: dict[str, Any],
    code_store: ResultStore,
    studies: StudyFile,
    items: pa.Table,
    vectors: dict[str, np.ndarray],
    train: pa.Table,
    valid: pa.Table,
    scale: ScaleParams,
) -> dict[str, Any]:
    """Run the trials that the study lacks, and report all of them.

    Args:
        plan: From :func:`plan_tuning`.
        code_store: Codes of a quantiser's settings, which trials share.
        studies: Has the study, or gets it.
        items: Tags and levels.
        vectors: By modality ``[n_items + 1, d]`` float32.
        train: Labelled rows.
        valid: Labelled rows.
        scale: Whether a cluster runs the trials.

    Returns:
        See :func:`~mmctr.experiments.tuning.report.report_trials`.

    Raises:
        ValueError: If no trial gave a value.
    """
    planned = TuningPlan.model_validate(plan)
    params = planned.params
    trainer = TrialTrainer(
        planned,
        code_store,
        Items(items, vectors),
        cut_rows(train, params.budget, params.seed),
        valid,
    )
    with connected_cluster(scale) as cluster:
        if cluster is None:
            study = Search(planned, trainer).run(studies)
        else:
            away = replace(trainer, codes=LoadedResults({}))
            calls = partial(run_on_workers, cluster=cluster)
            study = SpreadSearch(away, code_store, calls, cluster.workers).run(studies)
    return report_trials(planned, study, trainer.train.num_rows, valid.num_rows)
