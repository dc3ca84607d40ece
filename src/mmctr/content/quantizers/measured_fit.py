"""Fit a quantiser and measure it, as a run does for every modality."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmctr.content.quantizers.collapse import check_codebook_collapse
from mmctr.content.quantizers.encoding import encode_items
from mmctr.content.quantizers.factory import make_quantizer
from mmctr.content.quantizers.health import codebook_health
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.protocol import FitReport, Quantizer
from mmctr.content.quantizers.stability import codebook_stability
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams


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
    vectors: np.ndarray,
    cold: np.ndarray | None,
    params: QuantizationParams,
    scale: ScaleParams = ONE_MACHINE,
) -> MeasuredFit:
    """Fit the quantiser that the parameters name, and measure its codes.

    Args:
        vectors: ``[n, d]`` float32.
        cold: Which items are not in train, bool ``[n]``; None where not known.
        params: Method, its settings, seed and device, and how health is measured.
        scale: Whether workers of a cluster encode.

    Returns:
        The quantiser, its report, codes and health.

    Raises:
        ValueError: If the vectors cannot be quantised or a codebook collapses.
    """
    start = time.perf_counter()
    quantizer = make_quantizer(params, vectors.shape[1])
    report = quantizer.fit(vectors)
    fitted = time.perf_counter() - start
    codes, decoded, health = _measure(quantizer, vectors, cold, params, scale)
    stability = None
    if params.health.stability:
        stability = _stability(vectors, codes, decoded, params)
    times = {"stability": stability, "fit_seconds": round(fitted, 3)}
    return MeasuredFit(quantizer, report, codes, health | times)


def encode_and_measure(
    quantizer: Quantizer,
    vectors: np.ndarray,
    cold: np.ndarray | None,
    params: QuantizationParams,
    scale: ScaleParams = ONE_MACHINE,
) -> MeasuredFit:
    """Encode with a quantiser that is fitted already; it took no step.

    Args:
        quantizer: Of an earlier run.
        vectors: ``[n, d]`` float32.
        cold: As for :func:`fit_and_measure`.
        params: How health is measured.
        scale: Whether workers of a cluster encode.

    Raises:
        ValueError: If the widths differ or a codebook collapses.
    """
    codes, decoded, health = _measure(quantizer, vectors, cold, params, scale)
    report = FitReport(0, float(np.mean((vectors - decoded) ** 2)))
    unfitted = {"stability": None, "fit_seconds": 0.0}
    return MeasuredFit(quantizer, report, codes, health | unfitted)


def _measure(
    quantizer: Quantizer,
    vectors: np.ndarray,
    cold: np.ndarray | None,
    params: QuantizationParams,
    scale: ScaleParams,
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Codes, what they decode to, and their health."""
    start = time.perf_counter()
    codes = encode_items(quantizer, vectors, params, scale)
    seconds = round(time.perf_counter() - start, 3)
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
        method=quantizer.settings()["method"],
        shared_codebook=quantizer.shared_codebook,
        min_share=params.health.min_perplexity_share,
    )
    return codes, decoded, {**health, "encode_seconds": seconds}


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
