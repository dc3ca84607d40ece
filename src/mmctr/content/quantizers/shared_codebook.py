"""Slices of a latent that read one codebook."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmctr.content.quantizers.bottleneck import Bottleneck, pieces
from mmctr.content.quantizers.vqvae_network import nearest_codewords


class SlicedBottleneck(Bottleneck):
    """Each of ``positions`` slices of a latent reads the codebook of ``quantizer``."""

    def __init__(
        self,
        quantizer: nn.Module,
        *,
        positions: int,
        code_width: int,
        codebook_size: int,
    ) -> None:
        """Wrap a quantiser of the library.

        Args:
            quantizer: ``[1, m, code_width]`` to codewords, indices and a loss; its
                ``codebook`` is ``[codebook_size, code_width]``.
            positions: Codes per item.
            code_width: Width of a codeword.
            codebook_size: Codewords.
        """
        super().__init__()
        self.quantizer = quantizer
        self.latent_width = positions * code_width
        self._positions = positions
        self._width = code_width
        self._size = codebook_size

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise ``[n, latent_width]``; and what the library asks for, a scalar."""
        quantised, loss = [], latents.new_zeros(())
        for rows, share in pieces(self.slices(latents), self._size):
            codewords, _, asked = self.quantizer(rows[None])
            quantised.append(codewords[0])
            loss = loss + share * asked.mean()
        return torch.cat(quantised).view(latents.shape), loss

    def indices(self, latents: Tensor) -> Tensor:
        """The nearest codeword of each slice, int64 ``[n, positions]``."""
        found = nearest_codewords(self.slices(latents), self.quantizer.codebook)
        return found.view(len(latents), self._positions)

    def lookup(self, indices: Tensor) -> Tensor:
        """Codewords side by side, ``[n, latent_width]``."""
        return F.embedding(indices, self.quantizer.codebook).flatten(1)

    def slices(self, latents: Tensor) -> Tensor:
        """All slices of all latents, ``[n * positions, code_width]``."""
        return latents.reshape(-1, self._width)
