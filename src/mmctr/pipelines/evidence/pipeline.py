"""The ablations of several logs to combined differences, a page and a figure."""

from kedro.pipeline import Node, Pipeline

from mmctr.experiments.evidence.report import tabulate_evidence
from mmctr.pipelines.evidence.nodes import combine_evidence
from mmctr.reporting.evidence_figures import draw_forest
from mmctr.reporting.evidence_page import write_page


def create_pipeline() -> Pipeline:
    """Wire the evidence pipeline; it needs the ablation of two data sets at least."""
    return Pipeline(
        [
            Node(
                combine_evidence,
                inputs=["log_ablations", "log_metrics", "params:evidence"],
                outputs="evidence",
                name="combine_evidence",
            ),
            *(
                Node(make, inputs="evidence", outputs=output, name=name)
                for make, output, name in (
                    (tabulate_evidence, "evidence_table", "tabulate_evidence"),
                    (write_page, "evidence_page", "write_evidence_page"),
                    (draw_forest, "evidence_forest", "draw_forest"),
                )
            ),
        ]
    )
