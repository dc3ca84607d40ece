"""Wiring of the ``sample`` pipeline; it is not part of ``__default__``."""

from kedro.pipeline import Node, Pipeline

from mmctr.pipelines.sample.nodes import generate_sample


def create_pipeline() -> Pipeline:
    """Build the pipeline that writes the synthetic data set.

    Returns:
        One node, from ``params:sample`` to the files of the raw layer.
    """
    return Pipeline(
        [
            Node(
                generate_sample,
                inputs="params:sample",
                outputs={
                    "item_feature": "sample_item_feature",
                    "item_seq": "sample_item_seq",
                    "item_info": "sample_item_info",
                    "train": "sample_train",
                    "valid": "sample_valid",
                    "test": "sample_test",
                    "test_labels": "sample_test_labels",
                    "title_vectors": "sample_title_vectors",
                    "ceiling": "sample_ceiling",
                },
                name="generate_sample",
            )
        ]
    )
