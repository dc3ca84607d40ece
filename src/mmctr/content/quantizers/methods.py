"""The quantisers: the one place where a method is entered.

A new method is a subclass of :class:`~mmctr.content.quantizers.base.BaseQuantizer` in a
module of its own, a pydantic model of its settings, and one entry in :data:`METHODS`,
whose key becomes its name in parameters and saved settings. One from elsewhere is named
by ``package.module:Class`` and has its settings in its attribute ``Settings``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from mmctr.content.quantizers.method_params import (
    FSQParams,
    PQParams,
    RQFSQParams,
    RQKMeansParams,
    RQVAEParams,
    SimVQParams,
    VQVAEEMAParams,
    VQVAEParams,
)
from mmctr.runtime.extensions import ExtensionPoint

if TYPE_CHECKING:  # the classes import torch and faiss
    from mmctr.content.quantizers.base import BaseQuantizer

_FEWER = "use fewer levels or codewords, and see whether the vectors nearly coincide"


@dataclass(frozen=True)
class Method:
    """One way from vectors to codes.

    Attributes:
        target: ``module:class``, imported only when the method is used.
        params: Its settings, which become ``quantization.<name>``.
        about: What it is, for the page of parameters.
        residual: Whether its codes refine each other, level by level.
        if_collapsed: What to try when a codebook is hardly used.
    """

    target: str
    params: type[BaseModel]
    about: str
    residual: bool = False
    if_collapsed: str = _FEWER


_HERE = "mmctr.content.quantizers"

METHODS = {
    "rq_kmeans": Method(
        f"{_HERE}.rq_kmeans:RQKMeans", RQKMeansParams, "residual k-means", residual=True
    ),
    "rq_fsq": Method(
        f"{_HERE}.rq_fsq:RQFSQ",
        RQFSQParams,
        "residual k-means, then rounded components of the rest",
        residual=True,
    ),
    "pq": Method(
        f"{_HERE}.product_quantization:ProductQuantizer",
        PQParams,
        "product quantisation",
    ),
    "vqvae": Method(
        f"{_HERE}.vqvae:VQVAE",
        VQVAEParams,
        "the reference's VQ-VAE",
        if_collapsed="try method vqvae_ema (k-means start, revival), or fsq or "
        "rq_kmeans, or a larger vqvae.learning_rate and more epochs",
    ),
    "vqvae_ema": Method(
        f"{_HERE}.vqvae_ema:VQVAEEMA",
        VQVAEEMAParams,
        "VQ-VAE with moving averages",
        if_collapsed="raise vqvae_ema.revive_under or max_epochs, or try fsq",
    ),
    "rqvae": Method(
        f"{_HERE}.rqvae:RQVAE",
        RQVAEParams,
        "residual VQ-VAE",
        residual=True,
        if_collapsed="raise rqvae.revive_under or code_width, or try rq_kmeans",
    ),
    "fsq": Method(
        f"{_HERE}.fsq:FSQ",
        FSQParams,
        "finite scalar quantisation",
        if_collapsed="raise fsq.max_epochs or learning_rate, or try rq_kmeans",
    ),
    "simvq": Method(
        f"{_HERE}.simvq:SimVQ",
        SimVQParams,
        "SimVQ",
        if_collapsed="raise simvq.max_epochs or learning_rate, or try vqvae_ema",
    ),
}


QUANTIZER = ExtensionPoint(
    "quantization.method",
    "mmctr.quantizers",
    {name: method.target for name, method in METHODS.items()},
    ("Settings", "fit", "encode", "decode", "settings", "state", "load_state"),
)


def find_method(name: str) -> Method:
    """Find a method, of :data:`METHODS` or from elsewhere.

    Args:
        name: A key of :data:`METHODS`, or what names a class from elsewhere; its
            attributes ``Settings``, ``residual`` and ``if_collapsed`` describe it.

    Raises:
        ValueError: If there is no such class.
    """
    if name in METHODS:
        return METHODS[name]
    found = QUANTIZER.load(name)
    return Method(
        target=name,
        params=found.Settings,
        about=(found.__doc__ or name).splitlines()[0],
        residual=getattr(found, "residual", False),
        if_collapsed=getattr(found, "if_collapsed", _FEWER),
    )


def quantizer_class(method: str) -> "type[BaseQuantizer[Any]]":
    """Import the class of one method, and none of the others' libraries.

    Args:
        method: As for :func:`find_method`.

    Returns:
        The class.
    """
    return QUANTIZER.load(method)
