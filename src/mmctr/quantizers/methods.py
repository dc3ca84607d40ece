"""Which class does which method; the one place where a method is entered."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the classes bring torch and faiss
    from mmctr.quantizers.base import BaseQuantizer

METHODS = {
    "rq_kmeans": "mmctr.quantizers.rq_kmeans:RQKMeans",
    "pq": "mmctr.quantizers.product_quantization:ProductQuantizer",
    "vqvae": "mmctr.quantizers.vqvae:VQVAE",
    "vqvae_ema": "mmctr.quantizers.vqvae_ema:VQVAEEMA",
    "rqvae": "mmctr.quantizers.rqvae:RQVAE",
    "fsq": "mmctr.quantizers.fsq:FSQ",
    "simvq": "mmctr.quantizers.simvq:SimVQ",
}
"""``module:class`` by method. A method's settings are the field of its name in
:class:`~mmctr.quantizers.params.QuantizationParams`."""


def quantizer_class(method: str) -> "type[BaseQuantizer[Any]]":
    """Import the class of one method, and none of the others' libraries.

    Args:
        method: A key of :data:`METHODS`.

    Returns:
        The class.
    """
    module, name = METHODS[method].split(":")
    return getattr(import_module(module), name)
