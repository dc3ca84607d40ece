"""The project's pipelines; the same in every environment."""

from kedro.pipeline import Pipeline

from mmctr.pipelines import (
    ablation,
    baselines,
    bundle,
    ctr_modeling,
    embedding,
    evidence,
    export,
    fusion,
    predict,
    preparation,
    quantization,
    reporting,
    row_statistics,
    sample,
    tuning,
)
from mmctr.pipelines.steps import in_namespace


def register_pipelines() -> dict[str, Pipeline]:
    """Name every pipeline; ``__default__`` goes from raw files to the report.

    The nodes of each are in a namespace of its name, which kedro-viz folds and unfolds.
    """
    default = {
        "preparation": preparation.create_pipeline(),
        "embedding": embedding.create_pipeline(),
        "quantization": quantization.create_pipeline(),
        "fusion": fusion.create_pipeline(),
        "row_statistics": row_statistics.create_pipeline(),
        "baselines": baselines.create_pipeline(),
        "ctr_modeling": ctr_modeling.create_pipeline(),
        "reporting": reporting.create_pipeline(),
        "bundle": bundle.create_pipeline(),
    }
    others = {
        "sample": sample.create_pipeline(),
        "ablation": ablation.create_pipeline(),
        "tuning": tuning.create_pipeline(),
        "evidence": evidence.create_pipeline(),
        "predict": predict.create_pipeline(),
        "export": export.create_pipeline(),
    }
    pipelines = {
        name: in_namespace(name, pipeline)
        for name, pipeline in (others | default).items()
    }
    return {
        "__default__": Pipeline([pipelines[name] for name in default]),
        **pipelines,
    }
