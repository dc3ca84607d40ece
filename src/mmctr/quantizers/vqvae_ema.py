"""A VQ-VAE whose codebook follows the latents instead of being learned by gradient.

k-means start, exponential moving averages and revival of unused codewords keep the
codebook in use (van den Oord et al., arXiv 1711.00937, appendix A); the rotation trick
(Fifty et al., arXiv 2410.06424) passes gradients through it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from vector_quantize_pytorch import VectorQuantize

from mmctr.quantizers.autoencoder import AutoencoderQuantizer
from mmctr.quantizers.bottleneck import (
    Bottleneck,
    BottleneckAutoencoder,
    at_least,
    pieces,
    rows_at_once,
)
from mmctr.quantizers.params import VQVAEEMAParams
from mmctr.quantizers.vqvae_network import nearest_codewords


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


class SharedCodebook(Bottleneck):
    """Each of ``positions`` slices of the latent reads one codebook."""

    def __init__(self, params: VQVAEEMAParams) -> None:
        """Set up an empty codebook.

        Args:
            params: Sizes, moving average, revival and commitment.
        """
        super().__init__()
        self._positions = params.positions
        self._width = params.code_width
        self._size = params.codebook_size
        self.latent_width = params.positions * params.code_width
        rows = min(params.batch_size * params.positions, rows_at_once(self._size))
        self.quantizer = VectorQuantize(
            dim=params.code_width,
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
        return max(1, rows_at_once(self._size) // self._positions)

    def prepare(self, latents: Tensor) -> None:
        """Start the codewords by k-means."""
        self.quantizer(at_least(self._slices(latents), self._size)[None])

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise, and in training move the codewords."""
        quantised, loss = [], latents.new_zeros(())
        for rows, share in pieces(self._slices(latents), self._size):
            codewords, _, commitment = self.quantizer(rows[None])
            quantised.append(codewords[0])
            loss = loss + share * commitment
        return torch.cat(quantised).view(latents.shape), loss

    def indices(self, latents: Tensor) -> Tensor:
        """The nearest codeword of each slice."""
        found = nearest_codewords(self._slices(latents), self.quantizer.codebook)
        return found.view(len(latents), self._positions)

    def lookup(self, indices: Tensor) -> Tensor:
        """Codewords side by side."""
        return F.embedding(indices, self.quantizer.codebook).flatten(1)

    def _slices(self, latents: Tensor) -> Tensor:
        return latents.reshape(-1, self._width)
