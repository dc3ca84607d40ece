"""Tiny quantisers give the codes that the result version stands for."""

from pathlib import Path

import numpy as np
from result_digests import require_stored_results

from mmctr.content.quantizers import RESULT_VERSION
from mmctr.content.quantizers.factory import make_quantizer
from mmctr.content.quantizers.methods import METHODS
from mmctr.content.quantizers.params import QuantizationParams

CHOSEN = {
    "rq_kmeans": {"levels": 2, "codebook_size": 6, "iterations": 4},
    "rq_fsq": {
        "levels": 1,
        "codebook_size": 6,
        "iterations": 4,
        "rest_positions": 2,
        "rest_levels": [3, 2],
    },
    "pq": {"positions": 2, "codebook_size": 6, "iterations": 4},
    "vqvae": {"hidden": 8, "positions": 2, "codebook_size": 4, "code_width": 2},
    "vqvae_ema": {"hidden": 8, "positions": 2, "codebook_size": 4, "code_width": 2},
    "rqvae": {"hidden": 8, "levels": 2, "codebook_size": 4, "code_width": 2},
    "fsq": {"hidden": 8, "positions": 2, "levels": [4, 3]},
    "simvq": {"hidden": 8, "positions": 2, "codebook_size": 4, "code_width": 2},
}
TRAINING = {"max_epochs": 2, "batch_size": 32, "patience": 2}


def _vectors() -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(8, 8))
    return (centres[rng.integers(0, 8, 120)] + 0.2 * rng.normal(size=(120, 8))).astype(
        np.float32
    )


def test_results_are_those_of_the_version():
    """Every method: what was learned, the codes, and the vectors they stand for."""
    vectors = _vectors()
    found = {}
    for method in METHODS:
        found_by_faiss = method in ("rq_kmeans", "rq_fsq", "pq")
        learned = {} if found_by_faiss else TRAINING
        params = QuantizationParams.model_validate(
            {"method": method, method: CHOSEN[method] | learned, "seed": 1}
        )
        quantizer = make_quantizer(params, vectors.shape[1])
        quantizer.fit(vectors)
        codes = quantizer.encode(vectors)
        arrays = {name: x.numpy() for name, x in quantizer.state().items()}
        arrays |= {"codes": codes, "decoded": quantizer.decode(codes)}
        found |= {f"{method}: {name}": array for name, array in arrays.items()}
    path = Path(__file__).with_name("result_digests.json")
    require_stored_results(found, path, RESULT_VERSION, "mmctr.content.quantizers")
