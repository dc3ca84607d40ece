"""Vectors to codes: one file per method behind one small protocol."""

from mmctr.content.quantizers.factory import load_quantizer, make_quantizer
from mmctr.content.quantizers.health import codebook_health, rate_distortion
from mmctr.content.quantizers.measured_fit import MeasuredFit, fit_and_measure
from mmctr.content.quantizers.method_params import (
    FSQParams,
    PQParams,
    RQKMeansParams,
    RQVAEParams,
    SimVQParams,
    VQVAEEMAParams,
    VQVAEParams,
)
from mmctr.content.quantizers.methods import METHODS, Method
from mmctr.content.quantizers.params import HealthParams, QuantizationParams
from mmctr.content.quantizers.protocol import FitReport, Quantizer
from mmctr.content.quantizers.stability import codebook_stability

RESULT_VERSION = 1
"""Raise it when a change makes the same vectors and parameters give other codes.

Codes and models kept by earlier code are then not taken for this code's.
"""

__all__ = [
    "METHODS",
    "RESULT_VERSION",
    "FSQParams",
    "FitReport",
    "HealthParams",
    "MeasuredFit",
    "Method",
    "PQParams",
    "QuantizationParams",
    "Quantizer",
    "RQKMeansParams",
    "RQVAEParams",
    "SimVQParams",
    "VQVAEEMAParams",
    "VQVAEParams",
    "codebook_health",
    "codebook_stability",
    "fit_and_measure",
    "load_quantizer",
    "make_quantizer",
    "rate_distortion",
]
