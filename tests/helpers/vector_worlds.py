"""Small vectors of two modalities, and parameters that quantise them in no time."""

import numpy as np

from mmctr.content.quantizers.item_codes import quantize_items
from mmctr.content.quantizers.params import QuantizationParams

Vectors = dict[str, np.ndarray]


def vectors_of(count: int, *, image_width: int = 5) -> Vectors:
    """Title and image vectors behind a row of padding."""
    rng = np.random.default_rng(0)
    title, image = (
        rng.normal(size=(count, width)).astype(np.float32) for width in (6, image_width)
    )
    both = {"title": title, "image": image}
    return {name: np.pad(own, ((1, 0), (0, 0))) for name, own in both.items()}


def params(method: str = "rq_kmeans", **changes) -> QuantizationParams:
    trained = {"hidden": 8, "max_epochs": 2}
    books = {"positions": 4, "codebook_size": 8, "code_width": 2}
    values = {
        "rq_kmeans": {"levels": 3, "codebook_size": 8, "iterations": 4},
        "rq_fsq": {
            "levels": 2,
            "codebook_size": 8,
            "iterations": 4,
            "rest_positions": 2,
            "rest_levels": (3, 2),
        },
        "pq": {"positions": 3, "codebook_size": 8, "iterations": 4},
        "vqvae": {**trained, **books},
        "vqvae_ema": {**trained, **books},
        "rqvae": {**trained, "levels": 3, "codebook_size": 8, "code_width": 3},
        "fsq": {**trained, "positions": 4, "levels": (3, 3)},
        "simvq": {**trained, **books},
        "health": {"min_perplexity_share": 0},
    }
    return QuantizationParams(
        method=method, seed=1, device="cpu", **{**values, **changes}
    )


def cold(count: int) -> np.ndarray:
    """Every fourth item is not in train."""
    return np.arange(count) % 4 == 0


def quantized(
    name: str, vectors: Vectors, cold: np.ndarray, params: QuantizationParams
):
    """Codes, weights, settings and health of one modality."""
    made = quantize_items(vectors, cold, params)
    return tuple(found[name] for found in made)
