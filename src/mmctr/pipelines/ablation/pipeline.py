"""Arms x seeds under one budget to numbers, a page and figures."""

from kedro.pipeline import Node, Pipeline

from mmctr.experiments.ablation.report import measure_arms, tabulate_arms
from mmctr.pipelines.ablation.nodes import plan_ablation, train_arms
from mmctr.reporting.ablation_figures import (
    draw_increments,
    draw_learning,
    draw_rate_distortion,
)
from mmctr.reporting.ablation_page import write_page

_ITEMS = ["items", "vectors"]
_ROWS = ["train_rows", "valid_rows", "test_rows"]
_TREES = ["valid_tree_scores", "test_tree_scores"]


def create_pipeline() -> Pipeline:
    """Wire the pipeline; it needs preparation, embedding and baselines."""
    return Pipeline(
        [
            Node(
                plan_ablation,
                inputs=[
                    *_ROWS,
                    *_ITEMS,
                    "preparation_report",
                    "params:ablation",
                    "params:quantization",
                    "params:ctr_modeling",
                ],
                outputs="ablation_plan",
                name="plan_ablation",
            ),
            Node(
                train_arms,
                inputs=[
                    "ablation_plan",
                    "ablation_code_store",
                    "ablation_result_store",
                    *_ITEMS,
                    *_ROWS,
                    *_TREES,
                    "params:scale",
                ],
                outputs="ablation_choice",
                name="train_arms",
            ),
            Node(
                measure_arms,
                inputs=[
                    "ablation_plan",
                    "ablation_choice",
                    "ablation_code_store",
                    "ablation_result_store",
                    *_ROWS,
                    *_TREES,
                ],
                outputs=["ablation", "ablation_details"],
                name="measure_arms",
            ),
            *(
                Node(draw, inputs="ablation_details", outputs=output, name=name)
                for draw, output, name in (
                    (tabulate_arms, "ablation_table", "tabulate_arms"),
                    (write_page, "ablation_page", "write_ablation_page"),
                    (draw_increments, "ablation_increments", "draw_increments"),
                    (draw_learning, "ablation_learning", "draw_learning"),
                    (
                        draw_rate_distortion,
                        "ablation_rate_distortion",
                        "draw_rate_distortion",
                    ),
                )
            ),
        ]
    )
