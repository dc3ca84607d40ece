"""Trials under one budget to the best settings, a page and figures."""

from kedro.pipeline import Node, Pipeline

from mmctr.experiments.tuning.report import report_trials
from mmctr.pipelines.tuning.nodes import plan_tuning, search_settings
from mmctr.reporting.tuning_figures import draw_history, draw_importance
from mmctr.reporting.tuning_page import write_page

_ITEMS = ["items", "title_vectors", "image_vectors"]
_ROWS = ["train", "valid"]


def create_pipeline() -> Pipeline:
    """Wire the tuning pipeline; it needs preparation and embedding."""
    return Pipeline(
        [
            Node(
                plan_tuning,
                inputs=[
                    *_ROWS,
                    *_ITEMS,
                    "preparation_report",
                    "params:tuning",
                    "params:quantization",
                    "params:ctr_modeling",
                ],
                outputs="tuning_plan",
                name="plan_tuning",
            ),
            Node(
                search_settings,
                inputs=["tuning_plan", "tuning_codes", *_ITEMS, *_ROWS],
                outputs="tuning_study",
                name="search_settings",
            ),
            Node(
                report_trials,
                inputs=["tuning_plan", "tuning_study", *_ROWS],
                outputs="tuning",
                name="report_trials",
            ),
            Node(
                write_page,
                inputs="tuning",
                outputs="tuning_page",
                name="write_tuning_page",
            ),
            Node(
                draw_history,
                inputs="tuning",
                outputs="tuning_history",
                name="draw_tuning_history",
            ),
            Node(
                draw_importance,
                inputs="tuning",
                outputs="tuning_importance",
                name="draw_tuning_importance",
            ),
        ]
    )
