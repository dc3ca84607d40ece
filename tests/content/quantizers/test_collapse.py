"""A codebook of which little is used is refused."""

import numpy as np
import pytest
from quantizer_worlds import health

from mmctr.content.quantizers.collapse import check_codebook_collapse


def collapse(codes, *, share=0.01, shared=False, size=64, noise=0.5):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(codes), 5)).astype(np.float32)
    decoded = (vectors + noise * rng.normal(size=vectors.shape)).astype(np.float32)
    check_codebook_collapse(
        health(vectors, codes, decoded, size=size, shared=shared),
        vectors,
        method="vqvae",
        shared_codebook=shared,
        min_share=share,
    )


def test_a_collapsed_codebook_is_refused_with_advice():
    codes = np.random.default_rng(1).integers(1, 65, size=(400, 3))
    collapse(codes)
    codes[:, 1] = 7
    with pytest.raises(ValueError, match=r"level 2 .* 1\.0 of 64 .*vqvae_ema"):
        collapse(codes)
    # Accepted where told so, where codes are pooled, and where nothing is lost.
    collapse(codes, share=0)
    collapse(codes, shared=True)
    collapse(codes, noise=0)
    with pytest.raises(ValueError, match="the codebook is used as if"):
        collapse(np.full_like(codes, 3), shared=True)


def test_few_different_items_are_no_collapse():
    """Two different vectors cannot use more than two codewords."""
    vectors = np.repeat(np.eye(2, 5, dtype=np.float32), [3, 40], axis=0)
    codes = np.repeat([[1], [2]], [3, 40], axis=0)
    decoded = vectors * 0.5
    check_codebook_collapse(
        health(vectors, codes, decoded, size=256),
        vectors,
        method="pq",
        shared_codebook=False,
        min_share=0.1,
    )
