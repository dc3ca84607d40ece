"""A damaged cache never gives a wrong vector, nor another kind of error."""

from pathlib import Path

import numpy as np
from damage import damages

from mmctr.content.embedders.cache import (
    EmbeddingCache,
    EmbeddingCacheError,
    PendingBatch,
    vector_key,
)

TEXTS = [f"title {number}" for number in range(40)]
KEYS = [vector_key("space", text) for text in TEXTS]
VECTORS = np.random.default_rng(1).normal(size=(len(KEYS), 8)).astype(np.float32)
BATCH = PendingBatch("b1", "space", '{"file": "f1"}', 3.5, tuple(KEYS[:3]))


def test_damage_is_named_and_no_vector_is_wrong(tmp_path: Path):
    path = tmp_path / "cache.sqlite"
    with EmbeddingCache(path) as cache:
        cache.store(KEYS, VECTORS)
        cache.put_batch(BATCH)
    whole = path.read_bytes()
    tried = named = 0
    for damage in damages(whole, seed=5):
        path.write_bytes(damage.content)
        tried += 1
        try:
            with EmbeddingCache(path) as cache:
                there = cache.known(KEYS)
                known = [key for key in KEYS if key in there]
                loaded = cache.load(known)
                jobs = cache.batches("space")
        except EmbeddingCacheError as error:
            named += 1
            assert "cache.sqlite" in str(error), damage.how
        else:
            # What is not known is computed again.
            places = [KEYS.index(key) for key in known]
            np.testing.assert_array_equal(
                loaded.reshape(-1, 8), VECTORS[places], err_msg=damage.how
            )
            assert all(len(job.keys) <= len(BATCH.keys) for job in jobs), damage.how
    assert tried >= 200
    assert named > tried // 5
