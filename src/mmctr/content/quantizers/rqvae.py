"""RQ-VAE: a residual quantiser on the latents of an autoencoder.

Lee et al., arXiv 2203.01941; for semantic ids Rajput et al. (TIGER), arXiv 2305.05065.
Codebooks start by k-means and follow moving averages, unused codewords are revived.
"""

from torch import Tensor
from vector_quantize_pytorch import ResidualVQ

from mmctr.content.quantizers.bottleneck import (
    Bottleneck,
    BottleneckQuantizer,
    at_least,
    in_pieces,
    revival_threshold,
    rows_at_once,
)
from mmctr.content.quantizers.method_params import RQVAEParams


class ResidualCodebooks(Bottleneck):
    """``levels`` codebooks as wide as the latent; a latent is the sum of a codeword
    per level."""

    def __init__(self, params: RQVAEParams) -> None:
        """Set up empty codebooks.

        Args:
            params: Sizes, moving average, revival and commitment.
        """
        super().__init__()
        self._size = params.codebook_size
        self.latent_width = params.code_width
        self.quantizer = ResidualVQ(
            dim=params.code_width,
            num_quantizers=params.levels,
            codebook_size=params.codebook_size,
            kmeans_init=True,
            decay=params.decay,
            threshold_ema_dead_code=revival_threshold(params, params.batch_size),
            commitment_weight=params.beta,
            rotation_trick=params.rotation_trick,
        )

    def rows_to_prepare(self) -> int:
        """As many items as k-means can hold."""
        return rows_at_once(self._size)

    def prepare(self, latents: Tensor) -> None:
        """Start the codewords by k-means, level by level."""
        self.quantizer(at_least(latents, self._size)[None])

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise, and in training move the codewords."""
        return in_pieces(self.quantizer, latents, self._size)

    def indices(self, latents: Tensor) -> Tensor:
        """The nearest codeword of each level in turn."""
        return self.quantizer(latents[None])[1][0]

    def lookup(self, indices: Tensor) -> Tensor:
        """The sum of a codeword per level."""
        return self.quantizer.get_output_from_indices(indices[None])[0]


class RQVAE(BottleneckQuantizer[RQVAEParams]):
    """One codebook per level, each on what the levels before left of the latent.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, levels]`` int32 in
    1..codebook_size.
    """

    bottleneck = ResidualCodebooks
