"""Fit a quantiser and measure it, as a run does for every modality."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmctr.content.quantizers.collapse import check_codebook_collapse
from mmctr.content.quantizers.factory import make_quantizer
from mmctr.content.quantizers.health import codebook_health
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.protocol import FitReport, Quantizer
from mmctr.content.quantizers.stability import codebook_stability


@dataclass(frozen=True)
class MeasuredFit:
    """A fitted quantiser, the codes of what it was fitted on, and their health."""

    quantizer: Quantizer
    report: FitReport
    codes: np.ndarray
    """``[n, positions]`` int32."""
    health: dict[str, Any]
    """What :func:`~mmctr.content.quantizers.health.codebook_health` gives, with
    ``fit_seconds``, ``encode_seconds`` and ``stability`` (None unless asked for, else
    see :func:`~mmctr.content.quantizers.stability.codebook_stability`)."""


def fit_and_measure(
    vectors: np.ndarray, cold: np.ndarray | None, params: QuantizationParams
) -> MeasuredFit:
    """Fit the quantiser that the parameters name, and measure its codes.

    Args:
        vectors: ``[n, d]`` float32.
        cold: Which items are not in train, bool ``[n]``; None where not known.
        params: Method, its settings, seed and device, and how health is measured.

    Returns:
        The quantiser, its report, codes and health.

    Raises:
        ValueError: If the vectors cannot be quantised or a codebook collapses.
    """
    start = time.perf_counter()
    quantizer = make_quantizer(params, vectors.shape[1])
    report = quantizer.fit(vectors)
    fitted = time.perf_counter()
    codes = quantizer.encode(vectors)
    encoded = time.perf_counter()
    decoded = quantizer.decode(codes)
    health = codebook_health(
        vectors,
        codes,
        decoded,
        codebook_size=quantizer.codebook_size,
        shared_codebook=quantizer.shared_codebook,
        seed=params.seed,
        cold=cold,
        queries=params.health.queries,
        sample=params.health.sample,
    )
    check_codebook_collapse(
        health,
        vectors,
        method=params.method,
        shared_codebook=quantizer.shared_codebook,
        min_share=params.health.min_perplexity_share,
    )
    stability = None
    if params.health.stability:
        stability = _stability(vectors, codes, decoded, params)
    times = {"fit_seconds": fitted - start, "encode_seconds": encoded - fitted}
    rounded = {name: round(seconds, 3) for name, seconds in times.items()}
    return MeasuredFit(
        quantizer, report, codes, {**health, "stability": stability, **rounded}
    )


def _stability(
    vectors: np.ndarray,
    codes: np.ndarray,
    decoded: np.ndarray,
    params: QuantizationParams,
) -> dict[str, Any]:
    next_seed = params.model_copy(update={"seed": params.seed + 1})
    other = make_quantizer(next_seed, vectors.shape[1])
    other.fit(vectors)
    others = other.encode(vectors)
    return codebook_stability(
        (codes, decoded),
        (others, other.decode(others)),
        seed=params.seed,
        queries=params.health.queries,
    )
