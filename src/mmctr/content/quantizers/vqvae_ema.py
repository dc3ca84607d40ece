"""A VQ-VAE whose codebook follows the latents instead of being learned by gradient.

k-means start, exponential moving averages and revival of unused codewords keep the
codebook in use (van den Oord et al., arXiv 1711.00937, appendix A); gradients pass
straight through it, or by the rotation trick (Fifty et al., arXiv 2410.06424).
"""

from torch import Tensor
from vector_quantize_pytorch import VectorQuantize

from mmctr.content.quantizers.bottleneck import (
    BottleneckQuantizer,
    SlicedBottleneck,
    at_least,
    revival_threshold,
    rows_at_once,
)
from mmctr.content.quantizers.method_params import VQVAEEMAParams


class SharedCodebook(SlicedBottleneck):
    """One codebook that follows the slices by moving averages."""

    def __init__(self, params: VQVAEEMAParams) -> None:
        """Set up an empty codebook.

        Args:
            params: Sizes, moving average, revival and commitment.
        """
        rows = params.batch_size * params.positions
        quantizer = VectorQuantize(
            dim=params.code_width,
            codebook_size=params.codebook_size,
            kmeans_init=True,
            decay=params.decay,
            threshold_ema_dead_code=revival_threshold(params, rows),
            commitment_weight=params.beta,
            rotation_trick=params.rotation_trick,
        )
        super().__init__(quantizer, params)

    def rows_to_prepare(self) -> int:
        """As many items as k-means can hold."""
        rows = rows_at_once(self._params.codebook_size)
        return max(1, rows // self._params.positions)

    def prepare(self, latents: Tensor) -> None:
        """Start the codewords by k-means."""
        rows = at_least(self.slices(latents), self._params.codebook_size)
        self.quantizer(rows[None])


class VQVAEEMA(BottleneckQuantizer[VQVAEEMAParams]):
    """The reference's form, with a codebook of ``vector_quantize_pytorch``.

    Codewords that take part in less than ``revive_under`` of an even use are replaced
    by latents of the batch.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    shared_codebook = True
    bottleneck = SharedCodebook
