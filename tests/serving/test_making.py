"""What a bundle states of how its parts were made."""

import pytest

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.serving.making import embedded_as


@pytest.mark.parametrize(
    ("found", "stated"),
    [
        (["bf16", None], "bf16"),
        (["fp32", "bf16"], "auto"),
        ([None], "auto"),
        ([], "auto"),
    ],
)
def test_new_items_get_the_precision_of_the_trained_ones(found, stated):
    """Where it was one and the same for all modalities."""
    report = {str(place): {"precision": each} for place, each in enumerate(found)}
    params = embedded_as(EmbeddingParams(), {**report, "given": {}})
    assert params.sentence_transformers.precision == stated
