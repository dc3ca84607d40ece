"""SimVQ (Zhu et al., arXiv 2411.02038): a frozen random codebook, learned as a whole.

Codewords are drawn once and one linear map moves all of them, so that none is left
behind for want of gradients.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from vector_quantize_pytorch import SimVQ as LibrarySimVQ

from mmctr.quantizers.autoencoder import AutoencoderQuantizer
from mmctr.quantizers.bottleneck import Bottleneck, BottleneckAutoencoder, pieces
from mmctr.quantizers.params import SimVQParams
from mmctr.quantizers.vqvae_network import nearest_codewords


class SimVQ(AutoencoderQuantizer[SimVQParams]):
    """The form of the VQ-VAE with a reparametrised codebook, shared by all positions.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    method = "simvq"
    params_type = SimVQParams
    shared_codebook = True

    def _make_network(self) -> BottleneckAutoencoder:
        bottleneck = MappedCodebook(self._params)
        return BottleneckAutoencoder(self._params, bottleneck, width=self._width)


class MappedCodebook(Bottleneck):
    """Each of ``positions`` slices of the latent reads one mapped codebook."""

    def __init__(self, params: SimVQParams) -> None:
        """Draw the frozen codewords and their map.

        Args:
            params: Sizes and commitment.
        """
        super().__init__()
        self._positions = params.positions
        self._width = params.code_width
        self._size = params.codebook_size
        self.latent_width = params.positions * params.code_width
        self.quantizer = LibrarySimVQ(
            dim=params.code_width,
            codebook_size=params.codebook_size,
            rotation_trick=params.rotation_trick,
            input_to_quantize_commit_loss_weight=params.beta,
        )

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise; the loss moves the map, and the encoder less."""
        quantised, loss = [], latents.new_zeros(())
        for rows, share in pieces(self._slices(latents), self._size):
            codewords, _, both = self.quantizer(rows[None])
            quantised.append(codewords[0])
            loss = loss + share * both
        return torch.cat(quantised).view(latents.shape), loss

    def indices(self, latents: Tensor) -> Tensor:
        """The nearest mapped codeword of each slice."""
        found = nearest_codewords(self._slices(latents), self.quantizer.codebook)
        return found.view(len(latents), self._positions)

    def lookup(self, indices: Tensor) -> Tensor:
        """Mapped codewords side by side."""
        return F.embedding(indices, self.quantizer.codebook).flatten(1)

    def _slices(self, latents: Tensor) -> Tensor:
        return latents.reshape(-1, self._width)
