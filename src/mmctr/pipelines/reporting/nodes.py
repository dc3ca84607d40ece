"""Nodes of the reporting pipeline."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mmctr.ctr.params import CtrParams
from mmctr.evaluation import evaluate_details
from mmctr.pipelines.ctr_modeling.measured_rows import (
    evaluated_rows,
    known_rows,
    with_unknown_item,
)
from mmctr.reporting import card, data_sections, model_sections, run_sections
from mmctr.reporting.facts import Record
from mmctr.reporting.pages import render_report
from mmctr.reporting.words import moment


def measure_details(
    train: pa.Table,
    valid: pa.Table,
    valid_predictions: pa.Table,
    test: pa.Table,
    test_predictions: pa.Table,
    title_vectors: np.ndarray,
    params: CtrParams,
) -> dict[str, Any]:
    """Look closer at both parts: calibration, ROC, slices.

    Args:
        train: Tells which targets are cold, and how often each was clicked.
        valid: Primary rows.
        valid_predictions: Their probabilities.
        test: Primary rows, labelled or not.
        test_predictions: Their probabilities.
        title_vectors: ``[n_items + 1, d]`` float32, row 0 is padding.
        params: Bootstrap, bins.

    Returns:
        ``{"valid": D, "test": D}``; an unlabelled test is None. See
        :func:`mmctr.evaluation.evaluate_details`.
    """
    known = known_rows(train)
    titles = with_unknown_item(title_vectors[1:], test)
    return {
        name: None
        if rows["label"].null_count
        else evaluate_details(
            evaluated_rows(rows, predictions, len(title_vectors) - 1),
            known,
            titles,
            params.evaluation,
        )
        for name, rows, predictions in (
            ("valid", valid, valid_predictions),
            ("test", test, test_predictions),
        )
    }


def write_report(
    preparation_report: dict,
    data_audit: dict,
    embedding_report: dict,
    image_embedding_report: dict,
    codebook: dict,
    shared_codes: pd.DataFrame,
    training_history: dict,
    metrics: dict,
    evaluation_details: dict,
    ablation: dict | None,
    times: dict | None,
    manifest: dict | None,
) -> str:
    """Put what a run found on one page.

    Args:
        preparation_report: Rows, users, items.
        data_audit: Leaks.
        embedding_report: Of the titles.
        image_embedding_report: Of the covers.
        codebook: Health of the codes.
        shared_codes: Items that share codes.
        training_history: Validations.
        metrics: The model beside its baselines.
        evaluation_details: From :func:`measure_details`.
        ablation: ``ablation_details.json``; None where it has not run.
        times: Seconds and memory of the nodes before; None where unknown.
        manifest: What was made before, and of what; None where unknown.

    Returns:
        HTML that loads nothing.
    """
    record = Record.of(manifest)
    part = model_sections.judged_part(metrics)
    details = evaluation_details[part]
    sections = [
        model_sections.overview(metrics, evaluation_details),
        data_sections.data_section(preparation_report, data_audit),
        data_sections.codes_section(codebook, shared_codes),
        model_sections.training_section(training_history),
        model_sections.metrics_section(metrics, evaluation_details),
        model_sections.roc_section(part, details),
        model_sections.calibration_section(part, details),
        model_sections.slices_section(part, details),
        run_sections.ablation_section(ablation, record),
        run_sections.cost_section(embedding_report, image_embedding_report, times),
        run_sections.parameters_section(record),
        run_sections.manifest_section(record),
    ]
    made = moment(record.made.get("ctr_weights", {}).get("at"))
    return render_report(
        f"{record.dataset}: what the run found",
        f"mmctr {record.versions.get('mmctr', '')}, weights of {made}, "
        f"seed {record.seed}",
        sections,
    )


def write_model_card(
    preparation_report: dict,
    data_audit: dict,
    codebook: dict,
    embedding_report: dict,
    image_embedding_report: dict,
    training_history: dict,
    metrics: dict,
    evaluation_details: dict,
    manifest: dict | None,
) -> str:
    """Say what the model is, how good it is, and what it is not for.

    Args:
        preparation_report: Rows, users, items.
        data_audit: Leaks.
        codebook: Health of the codes.
        embedding_report: Of the titles.
        image_embedding_report: Of the covers.
        training_history: Validations.
        metrics: The model beside its baselines.
        evaluation_details: From :func:`measure_details`.
        manifest: What was made before, and of what; None where unknown.

    Returns:
        Markdown.
    """
    return card.write_card(
        preparation_report,
        data_audit,
        codebook,
        embedding_report,
        image_embedding_report,
        training_history,
        metrics,
        evaluation_details,
        Record.of(manifest),
    )
