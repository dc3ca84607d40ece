"""The project's pipelines; the same in every environment."""

from kedro.pipeline import Pipeline

from mmctr.pipelines import (
    ablation,
    ctr_modeling,
    embedding,
    fusion,
    preparation,
    quantization,
    reporting,
    sample,
    tuning,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Name every pipeline; ``__default__`` goes from raw files to the report."""
    road = {
        "preparation": preparation.create_pipeline(),
        "embedding": embedding.create_pipeline(),
        "fusion": fusion.create_pipeline(),
        "quantization": quantization.create_pipeline(),
        "ctr_modeling": ctr_modeling.create_pipeline(),
        "reporting": reporting.create_pipeline(),
    }
    return {
        "__default__": sum(road.values(), start=Pipeline([])),
        "sample": sample.create_pipeline(),
        "ablation": ablation.create_pipeline(),
        "tuning": tuning.create_pipeline(),
        **road,
    }
