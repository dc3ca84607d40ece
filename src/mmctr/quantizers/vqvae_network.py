"""The network of the reference's VQ-VAE (van den Oord et al., arXiv 1711.00937)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmctr.quantizers.params import VQVAEParams

# Distances held at once; 2^23 float32 are 32 MiB.
_DISTANCES = 2**23


class VQVAELosses(NamedTuple):
    """The parts of the loss, each a mean over all values."""

    total: Tensor
    reconstruction: Tensor
    codebook: Tensor
    commitment: Tensor


class VQVAENetwork(nn.Module):
    """Encoder, one codebook shared by all positions, and a mirror-image decoder.

    Shapes: ``vectors [n, width]`` -> ``positions * code_width`` values per item ->
    nearest codeword per position ``[n, positions]`` -> ``[n, width]``.
    """

    def __init__(self, params: VQVAEParams, *, width: int) -> None:
        """Draw the weights from torch's global generator.

        Args:
            params: Sizes, dropout and the weights of the losses.
            width: Width of the vectors.
        """
        super().__init__()
        self.positions = params.positions
        self.code_width = params.code_width
        self._alpha = params.codebook_weight
        self._beta = params.beta
        latent = params.positions * params.code_width
        self.encoder = nn.Sequential(
            nn.Linear(width, params.hidden),
            nn.ReLU(),
            nn.Dropout(params.dropout),
            nn.Linear(params.hidden, latent),
        )
        bound = 1.0 / params.codebook_size
        self.codebook = nn.Parameter(
            torch.empty(params.codebook_size, params.code_width).uniform_(-bound, bound)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, params.hidden),
            nn.ReLU(),
            nn.Dropout(params.dropout),
            nn.Linear(params.hidden, width),
        )

    def latents(self, vectors: Tensor) -> Tensor:
        """What the encoder says, ``[n, positions, code_width]``."""
        return self.encoder(vectors).unflatten(1, (self.positions, self.code_width))

    def indices(self, vectors: Tensor) -> Tensor:
        """Zero-based nearest codewords, int64 ``[n, positions]``."""
        latents = self.latents(vectors)
        return nearest_codewords(latents.flatten(0, 1), self.codebook).view(
            len(vectors), self.positions
        )

    def decode(self, indices: Tensor) -> Tensor:
        """Vectors ``[n, width]`` of zero-based codewords ``[n, positions]``."""
        return self.decoder(F.embedding(indices, self.codebook).flatten(1))

    def losses(self, vectors: Tensor) -> VQVAELosses:
        """Reconstruction + alpha * codebook + beta * commitment.

        The reconstruction sees codewords, and its gradient passes through them to the
        encoder as if they were the latents (straight-through).

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            Scalars.
        """
        latents = self.latents(vectors).flatten(0, 1)
        codewords = F.embedding(
            nearest_codewords(latents.detach(), self.codebook), self.codebook
        )
        decoded = self.decoder(
            straight_through(latents, codewords).view(len(vectors), -1)
        )
        reconstruction = F.mse_loss(decoded, vectors)
        codebook = F.mse_loss(codewords, latents.detach())
        commitment = F.mse_loss(latents, codewords.detach())
        total = reconstruction + self._alpha * codebook + self._beta * commitment
        return VQVAELosses(total, reconstruction, codebook, commitment)


def straight_through(latents: Tensor, codewords: Tensor) -> Tensor:
    """The value of the codewords with the gradient of the latents (same shapes)."""
    return latents + (codewords - latents).detach()


@torch.no_grad()
def nearest_codewords(latents: Tensor, codebook: Tensor) -> Tensor:
    """Nearest codeword by Euclidean distance, first one on a tie.

    ``|c|^2 / 2 - z.c`` orders codewords as the distance does, and leaves ``|z|^2`` out.

    Args:
        latents: ``[m, code_width]``.
        codebook: ``[codebook_size, code_width]``.

    Returns:
        int64 ``[m]``.
    """
    half_norms = codebook.square().sum(dim=1) / 2
    rows = max(1, _DISTANCES // len(codebook))
    nearest = [
        _argmin(torch.addmm(half_norms, chunk, codebook.T, alpha=-1))
        for chunk in latents.split(rows)
    ]
    return torch.cat(nearest)


def _argmin(distances: Tensor) -> Tensor:
    if distances.device.type == "cpu":
        # NumPy's argmin over rows is an order of magnitude faster than torch's there.
        return torch.from_numpy(distances.numpy().argmin(axis=1))
    return distances.argmin(dim=1)
