"""Dot products do not depend on what else is computed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmctr.runtime.dot_products import dot_products


@given(st.integers(0, 600), st.integers(0, 9), st.integers(1, 70), st.integers(0, 99))
def test_each_has_the_bits_of_its_own_pair(rows, others, width, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, width)).astype(np.float32)
    chosen, right = rng.integers(0, 30, rows), vectors[rng.integers(0, 30, others)]
    found = dot_products(vectors, chosen, right)
    assert found.shape == (rows, others)
    assert found.dtype == np.float32
    for place in range(0, rows, 97):
        alone = [np.vecdot(vectors[chosen[place]], other) for other in right]
        assert found[place].tolist() == alone
    np.testing.assert_allclose(found, vectors[chosen] @ right.T, rtol=1e-3, atol=1e-5)
