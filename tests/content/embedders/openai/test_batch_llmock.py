"""Mode batch against a service that this project did not write."""

import numpy as np
import pytest

from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams

pytest.importorskip("llmock")


def test_batches_of_another_server(llmock, tmp_path):
    """Its batches give its vectors; it lists no files, and limits the rate at first."""
    titles = [f"title number {i}" for i in range(40)]

    def run(mode: str) -> np.ndarray:
        params = EmbeddingParams(
            provider="openai",
            cache=tmp_path / f"{mode}.sqlite",
            openai={
                "mode": mode,
                "model": "text-embedding-3-small",
                "dimensions": None,
                "request_size": 7,
                "batch": {"poll_seconds": 0.2, "max_inputs": 21},
            },
        )
        return embed_texts(titles, params)[0]

    direct = run("direct")
    llmock.rate_limit(times=2, retry_after=0.1)
    vectors = run("batch")
    assert vectors.shape == (40, 1536)
    np.testing.assert_allclose(vectors, direct, atol=1e-6)
    llmock.assert_resilient()
