"""RQ-VAE: a residual quantiser on the latents of an autoencoder.

Lee et al., arXiv 2203.01941; for semantic ids Rajput et al. (TIGER), arXiv 2305.05065.
Codebooks start by k-means and follow moving averages, unused codewords are revived.
"""

import torch
from torch import Tensor
from vector_quantize_pytorch import ResidualVQ

from mmctr.content.quantizers.autoencoder import AutoencoderQuantizer
from mmctr.content.quantizers.bottleneck import (
    Bottleneck,
    BottleneckAutoencoder,
    at_least,
    rows_at_once,
)
from mmctr.content.quantizers.params import RQVAEParams


class RQVAE(AutoencoderQuantizer[RQVAEParams]):
    """One codebook per level, each on what the levels before left of the latent.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, levels]`` int32 in
    1..codebook_size.
    """

    method = "rqvae"
    params_type = RQVAEParams

    def _make_network(self) -> BottleneckAutoencoder:
        bottleneck = ResidualCodebooks(self._params)
        return BottleneckAutoencoder(self._params, bottleneck, width=self._width)


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
        rows = min(params.batch_size, rows_at_once(self._size))
        self.quantizer = ResidualVQ(
            dim=params.code_width,
            num_quantizers=params.levels,
            codebook_size=params.codebook_size,
            kmeans_init=True,
            decay=params.decay,
            # The library counts rows of a batch.
            threshold_ema_dead_code=params.revive_under * rows / params.codebook_size,
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
        quantised, losses = [], []
        for rows in latents.split(rows_at_once(self._size)):
            summed, _, commitments = self.quantizer(rows[None])
            quantised.append(summed[0])
            losses.append(commitments.mean() * (len(rows) / len(latents)))
        return torch.cat(quantised), torch.stack(losses).sum()

    def indices(self, latents: Tensor) -> Tensor:
        """The nearest codeword of each level in turn."""
        return self.quantizer(latents[None])[1][0]

    def lookup(self, indices: Tensor) -> Tensor:
        """The sum of a codeword per level."""
        return self.quantizer.get_output_from_indices(indices[None])[0]
