"""A VQ-VAE whose codebook follows the latents instead of being learned by gradient.

k-means start, exponential moving averages and revival of unused codewords keep the
codebook in use (van den Oord et al., arXiv 1711.00937, appendix A); gradients pass
straight through it, or by the rotation trick (Fifty et al., arXiv 2410.06424).
"""

from torch import Tensor
from vector_quantize_pytorch import VectorQuantize

from mmctr.content.quantizers.autoencoder import AutoencoderQuantizer
from mmctr.content.quantizers.bottleneck import (
    BottleneckAutoencoder,
    at_least,
    rows_at_once,
)
from mmctr.content.quantizers.params import VQVAEEMAParams
from mmctr.content.quantizers.shared_codebook import SlicedBottleneck


class VQVAEEMA(AutoencoderQuantizer[VQVAEEMAParams]):
    """The reference's form, with a codebook of ``vector_quantize_pytorch``.

    Codewords that take part in less than ``revive_under`` of an even use are replaced
    by latents of the batch.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    method = "vqvae_ema"
    params_type = VQVAEEMAParams
    shared_codebook = True

    def _make_network(self) -> BottleneckAutoencoder:
        bottleneck = SharedCodebook(self._params)
        return BottleneckAutoencoder(self._params, bottleneck, width=self._width)


class SharedCodebook(SlicedBottleneck):
    """One codebook that follows the slices by moving averages."""

    def __init__(self, params: VQVAEEMAParams) -> None:
        """Set up an empty codebook.

        Args:
            params: Sizes, moving average, revival and commitment.
        """
        size = params.codebook_size
        rows = min(params.batch_size * params.positions, rows_at_once(size))
        quantizer = VectorQuantize(
            dim=params.code_width,
            codebook_size=size,
            kmeans_init=True,
            decay=params.decay,
            # The library counts rows of a batch.
            threshold_ema_dead_code=params.revive_under * rows / size,
            commitment_weight=params.beta,
            rotation_trick=params.rotation_trick,
        )
        super().__init__(
            quantizer,
            positions=params.positions,
            code_width=params.code_width,
            codebook_size=size,
        )

    def rows_to_prepare(self) -> int:
        """As many items as k-means can hold."""
        return max(1, rows_at_once(self._size) // self._positions)

    def prepare(self, latents: Tensor) -> None:
        """Start the codewords by k-means."""
        self.quantizer(at_least(self.slices(latents), self._size)[None])
