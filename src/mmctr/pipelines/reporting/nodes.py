"""Nodes of the reporting pipeline."""

import pandas as pd
import pyarrow as pa

from mmctr.ctr.params import CtrParams
from mmctr.data.earlier_runs import compare_with_earlier_runs
from mmctr.data.judged_rows import JudgedRows
from mmctr.data.run_history import RunHistory
from mmctr.reporting import (
    data_sections,
    history_section,
    model_sections,
    run_sections,
    slice_sections,
)
from mmctr.reporting.facts import Record
from mmctr.reporting.overview import overview
from mmctr.reporting.pages import render_report
from mmctr.reporting.statistics_sections import statistics_blocks
from mmctr.reporting.training_section import training_section
from mmctr.reporting.words import moment


def compare_with_earlier(
    run_history: RunHistory,
    valid: pa.Table,
    valid_predictions: pa.Table,
    test: pa.Table,
    test_predictions: pa.Table,
    manifest: dict | None,
    params: CtrParams,
) -> dict:
    """Compare a run with those before it, on the same rows.

    Args:
        run_history: Earlier runs.
        valid: Primary rows.
        valid_predictions: Their probabilities.
        test: Primary rows, labelled or not.
        test_predictions: Their probabilities.
        manifest: What was made before, and of what; None if unknown.
        params: Bootstrap.

    Returns:
        See :func:`mmctr.data.earlier_runs.compare_with_earlier_runs`.
    """
    part, rows, predictions = "test", test, test_predictions
    if test["label"].null_count:
        part, rows, predictions = "valid", valid, valid_predictions
    return compare_with_earlier_runs(
        run_history,
        manifest or {"made": {}, "seed": None},
        part,
        JudgedRows.of(rows, predictions),
        predictions["probability"].to_numpy(),
        params.evaluation,
    )


def write_report(
    preparation_report: dict,
    data_audit: dict,
    embedding_report: dict,
    codebook: dict,
    shared_codes: pd.DataFrame,
    training_history: dict,
    metrics: dict,
    evaluation_details: dict,
    tree_importance: dict,
    earlier_runs: dict,
    ablation: dict | None,
    times: dict | None,
    manifest: dict | None,
) -> str:
    """Show what a run found on one page.

    Args:
        preparation_report: Rows, users, items.
        data_audit: Leaks.
        embedding_report: How vectors were made, by modality.
        codebook: Health of the codes.
        shared_codes: Items that share codes.
        training_history: Validations.
        metrics: The model beside its baselines.
        evaluation_details: Calibration, ROC and slices.
        tree_importance: What the boosted trees used.
        earlier_runs: The latest runs before, beside this one.
        ablation: ``ablation_details.json``; None if it has not run.
        times: Seconds and memory of the nodes before; None if unknown.
        manifest: What was made before, and of what; None if unknown.

    Returns:
        HTML that loads nothing.
    """
    record = Record.of(manifest)
    part = model_sections.judged_part(metrics)
    details = evaluation_details[part]
    sections = [
        overview(
            metrics,
            evaluation_details,
            preparation_report,
            data_audit,
            training_history,
            is_ablated=ablation is not None,
        ),
        model_sections.metrics_section(metrics, evaluation_details, tree_importance),
        model_sections.roc_section(part, details),
        model_sections.calibration_section(part, metrics[part], details),
        slice_sections.slices_section(part, details),
        data_sections.data_section(
            preparation_report,
            data_audit,
            {each["column"]: name for name, each in embedding_report.items()},
            statistics_blocks(metrics, training_history),
        ),
        data_sections.codes_section(codebook, shared_codes),
        training_section(training_history),
        history_section.history_section(earlier_runs),
        run_sections.ablation_section(ablation, record),
        run_sections.cost_section(embedding_report, times),
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
