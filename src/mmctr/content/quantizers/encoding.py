"""The vectors of many items to codes, by workers of a cluster where there is one."""

from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mmctr.content.quantizers.checks import ENCODED_ROWS, row_chunks
from mmctr.content.quantizers.factory import load_quantizer
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.protocol import Quantizer
from mmctr.runtime.progress import is_shown, track
from mmctr.runtime.scale.in_order import call_in_order, content_cluster
from mmctr.runtime.scale.params import ScaleParams

if TYPE_CHECKING:  # torch takes a second to import; a type needs none of it
    import torch


def encode_items(
    quantizer: Quantizer,
    vectors: np.ndarray,
    params: QuantizationParams,
    scale: ScaleParams,
) -> np.ndarray:
    """Encode all items; a worker's pieces are those that one process encodes at once.

    Args:
        quantizer: Fitted.
        vectors: ``[n, d]`` float32.
        params: Where it runs, and whether a bar is drawn.
        scale: Whether a cluster encodes, and from how many items on.

    Returns:
        Codes ``[n, positions]`` int32.

    Raises:
        ValueError: If the vectors can't be encoded.
        ChildProcessError: If the cluster is lost.
    """
    with content_cluster(len(vectors), scale) as cluster:
        if cluster is None:
            return quantizer.encode(vectors)
        encode = _WorkersQuantizer(
            quantizer.settings(), quantizer.state(), params.device
        )
        # Of a mapped file too, pieces are sent as plain arrays.
        parts = (np.array(rows) for _, rows in row_chunks(vectors, ENCODED_ROWS))
        count = -(-len(vectors) // ENCODED_ROWS)
        label = f"{params.method}, encode"
        made = call_in_order(encode, parts, cluster, f"{label}, piece")
        with closing(made):
            shown = track(made, label, count, show=is_shown(params.progress))
            return np.concatenate([*shown])


@dataclass(frozen=True)
class _WorkersQuantizer:
    """Encodes pieces on a worker, which rebuilds the quantiser once.

    Attributes:
        settings: Of the fitted quantiser.
        state: Of the fitted quantiser.
        device: As the run has it.
    """

    settings: dict[str, Any]
    state: "dict[str, torch.Tensor]"
    device: str

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Codes ``[n, positions]`` int32 of ``[n, d]`` float32."""
        return self._quantizer.encode(vectors)

    @cached_property
    def _quantizer(self) -> Quantizer:
        return load_quantizer(self.settings, self.state, self.device)
