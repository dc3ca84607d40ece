"""Vectors to codes: one file per method behind one small protocol."""

from mmctr.quantizers.factory import load_quantizer, make_quantizer
from mmctr.quantizers.health import codebook_health
from mmctr.quantizers.params import (
    PQParams,
    QuantizationParams,
    RQKMeansParams,
    VQVAEParams,
)
from mmctr.quantizers.protocol import FitReport, Quantizer

__all__ = [
    "FitReport",
    "PQParams",
    "QuantizationParams",
    "Quantizer",
    "RQKMeansParams",
    "VQVAEParams",
    "codebook_health",
    "load_quantizer",
    "make_quantizer",
]
