"""Which precision a model on this machine's processor computes in."""

import logging
import time
from collections.abc import Callable
from typing import Literal

import numpy as np

logger = logging.getLogger(__name__)

Precision = Literal["fp32", "bf16"]

# Processors without bf16 instructions are slower in it, others nearly twice as fast at
# least: what lies between is noise of a busy machine.
_FASTER = 1.3
# The worst cosine seen with MiniLM is .99994.
_CLOSE = 0.9995
_ROUNDS = 2


def measure_precision(encode: Callable[[Precision], np.ndarray]) -> Precision:
    """Choose bf16 where it is clearly faster than fp32 and the vectors are as good.

    Args:
        encode: Encodes one and the same batch in a precision: ``[n, d]`` float32.

    Returns:
        The choice, which is logged with its reason.
    """
    wide, narrow = encode("fp32"), encode("bf16")  # the first call of each is slower
    seconds: dict[Precision, list[float]] = {"fp32": [], "bf16": []}
    for _ in range(_ROUNDS):
        for precision, taken in seconds.items():
            start = time.process_time()
            encode(precision)
            taken.append(time.process_time() - start)
    ratio = min(seconds["fp32"]) / max(min(seconds["bf16"]), 1e-9)
    cosine = _worst_cosine(wide, narrow)
    chosen: Precision = "bf16" if ratio >= _FASTER and cosine >= _CLOSE else "fp32"
    logger.info(
        "titles are embedded in %s: on a batch of %d, bf16 is %.1f times as fast as "
        "fp32, cosine to it at least %.5f (sentence_transformers.precision=auto takes "
        "bf16 from %.1f times and %.4f)",
        *(chosen, len(wide), ratio, cosine, _FASTER, _CLOSE),
    )
    return chosen


def _worst_cosine(left: np.ndarray, right: np.ndarray) -> float:
    """The lowest cosine between rows; 0 where a row is not finite."""
    products = np.einsum("nd,nd->n", left, right, dtype=np.float64)
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosines = products / np.maximum(lengths, 1e-30)
    return float(np.nan_to_num(cosines, nan=0.0).min())
