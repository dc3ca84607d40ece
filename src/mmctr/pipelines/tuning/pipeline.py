"""Trials under one budget to the best settings, a page and figures."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.tuning.nodes import plan_tuning, search_settings
from mmctr.reporting.tuning_figures import draw_history, draw_importance
from mmctr.reporting.tuning_page import write_page

_ITEMS = ["items", "vectors"]
_ROWS = ["train_rows", "valid_rows"]


def create_pipeline() -> Pipeline:
    """Wire the pipeline; it needs preparation, embedding and row_statistics."""
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
                inputs=[
                    "tuning_plan",
                    "tuning_code_store",
                    "tuning_studies",
                    *_ITEMS,
                    *_ROWS,
                    "params:scale",
                ],
                outputs="tuning",
                name="search_settings",
            ),
            *(
                Node(draw, inputs="tuning", outputs=output, name=name)
                for draw, output, name in (
                    (write_page, "tuning_page", "write_tuning_page"),
                    (draw_history, "tuning_history", "draw_tuning_history"),
                    (draw_importance, "tuning_importance", "draw_tuning_importance"),
                )
            ),
        ]
    )
