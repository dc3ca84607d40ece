"""Which class does which method; the one place where a method is entered."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the classes bring torch and faiss
    from mmctr.content.quantizers.base import BaseQuantizer

METHODS = {
    "rq_kmeans": "mmctr.content.quantizers.rq_kmeans:RQKMeans",
    "pq": "mmctr.content.quantizers.product_quantization:ProductQuantizer",
    "vqvae": "mmctr.content.quantizers.vqvae:VQVAE",
    "vqvae_ema": "mmctr.content.quantizers.vqvae_ema:VQVAEEMA",
    "rqvae": "mmctr.content.quantizers.rqvae:RQVAE",
    "fsq": "mmctr.content.quantizers.fsq:FSQ",
    "simvq": "mmctr.content.quantizers.simvq:SimVQ",
}
"""``module:class`` by method. A method's settings are the field of its name in
:class:`~mmctr.content.quantizers.params.QuantizationParams`."""


def quantizer_class(method: str) -> "type[BaseQuantizer[Any]]":
    """Import the class of one method, and none of the others' libraries.

    Args:
        method: A key of :data:`METHODS`.

    Returns:
        The class.
    """
    module, name = METHODS[method].split(":")
    return getattr(import_module(module), name)
