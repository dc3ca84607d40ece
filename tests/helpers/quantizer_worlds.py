"""Small settings of every quantiser, and vectors with topics."""

import numpy as np

from mmctr.content.quantizers.health import codebook_health
from mmctr.content.quantizers.params import QuantizationParams

WIDTH = 12
KMEANS = ["rq_kmeans", "pq"]


def quantization_params(method: str, **changes) -> QuantizationParams:
    """Small settings of every method."""
    own = {
        "rq_kmeans": {"levels": 3, "codebook_size": 8, "iterations": 5},
        "rq_fsq": {
            "levels": 2,
            "codebook_size": 8,
            "iterations": 5,
            "rest_positions": 3,
            "rest_levels": (4, 2),
        },
        "pq": {"positions": 4, "codebook_size": 8, "iterations": 5},
        "vqvae": {
            "hidden": 32,
            "positions": 4,
            "codebook_size": 16,
            "code_width": 4,
            "batch_size": 64,
            "max_epochs": 25,
            "learning_rate": 5e-3,
        },
    }
    trained = {name: own["vqvae"][name] for name in ("batch_size", "max_epochs")}
    trained |= {"hidden": 32, "learning_rate": 5e-3}
    books = {"positions": 4, "codebook_size": 16, "code_width": 4}
    own |= {
        "vqvae_ema": {**trained, **books},
        "rqvae": {**trained, "levels": 3, "codebook_size": 16, "code_width": 6},
        "fsq": {**trained, "positions": 4, "levels": (4, 3)},
        "simvq": {**trained, **books},
    }
    own[method].update(changes)
    return QuantizationParams(method=method, seed=5, device="cpu", **own)


def topic_vectors(count: int, seed: int = 0) -> np.ndarray:
    """Unit vectors around six centres."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, WIDTH))
    vectors = centres[rng.integers(6, size=count)] + 0.3 * rng.normal(
        size=(count, WIDTH)
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def health(vectors, codes, decoded, *, size=6, shared=False, **more):
    """Health of codes in a small codebook."""
    return codebook_health(
        vectors,
        codes,
        decoded,
        codebook_size=size,
        shared_codebook=shared,
        seed=0,
        **more,
    )
