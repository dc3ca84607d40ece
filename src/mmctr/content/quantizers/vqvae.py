"""The reference's VQ-VAE (van den Oord et al., arXiv 1711.00937)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from mmctr.content.quantizers.autoencoder import (
    Autoencoder,
    AutoencoderQuantizer,
    coder,
)
from mmctr.content.quantizers.method_params import VQVAEParams
from mmctr.runtime.linear import linear

# Distances held at once; 2^23 float32 are 32 MiB.
_DISTANCES = 2**23


class VQVAELosses(NamedTuple):
    """The parts of the loss, each a mean over all values."""

    total: Tensor
    reconstruction: Tensor
    codebook: Tensor
    commitment: Tensor


class VQVAENetwork(Autoencoder):
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
        self.latent_width = latent = params.positions * params.code_width
        self.encoder = coder(width, params.hidden, latent, params.dropout, nn.Linear)
        bound = 1.0 / params.codebook_size
        self.codebook = nn.Parameter(
            torch.empty(params.codebook_size, params.code_width).uniform_(-bound, bound)
        )
        self.decoder = coder(latent, params.hidden, width, params.dropout, nn.Linear)

    def latents(self, vectors: Tensor) -> Tensor:
        """The encoder's output, ``[n, positions, code_width]``."""
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
        codewords, codebook, commitment = Quantise.apply(latents, self.codebook)
        decoded = self.decoder(codewords.view(len(vectors), -1))
        reconstruction = F.mse_loss(decoded, vectors)
        total = reconstruction + self._alpha * codebook + self._beta * commitment
        return VQVAELosses(total, reconstruction, codebook, commitment)


class VQVAE(AutoencoderQuantizer[VQVAEParams]):
    """Autoencoder whose latent vectors are replaced by the nearest of shared codewords.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    shared_codebook = True

    def _make_network(self) -> VQVAENetwork:
        return VQVAENetwork(self._params, width=self._width)


class Quantise(torch.autograd.Function):
    """Nearest codewords, straight-through, and both losses that tie them to latents.

    The same as ``latents + (codewords - latents).detach()`` beside two mean squared
    errors, each with one side detached. Written that way, a step passes a dozen times
    over arrays as large as all latents; here the two errors are one number, and
    their gradients one difference.

    Shapes: ``latents [m, code_width]``, ``codebook [codebook_size, code_width]`` ->
    codewords ``[m, code_width]``, codebook loss and commitment loss, scalars.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, latents: Tensor, codebook: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Look the nearest codewords up and measure how far they are."""
        indices = nearest_codewords(latents, codebook)
        codewords = F.embedding(indices, codebook)
        error = F.mse_loss(codewords, latents)
        ctx.save_for_backward(indices, latents, codewords)
        ctx.n_codewords = len(codebook)
        return codewords, error, error.clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: FunctionCtx,
        of_codewords: Tensor,
        of_codebook_loss: Tensor,
        of_commitment: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Give latents the codewords' gradient, and each side its own loss's."""
        indices, latents, codewords = ctx.saved_tensors
        errors = codewords - latents
        scale = 2 / errors.numel()
        for_codebook = errors.new_zeros(ctx.n_codewords, errors.shape[1])
        for_codebook.index_add_(0, indices, errors).mul_(scale * of_codebook_loss)
        for_latents = torch.addcmul(of_codewords, errors, -scale * of_commitment)
        return for_latents, for_codebook


@torch.no_grad()
def nearest_codewords(latents: Tensor, codebook: Tensor) -> Tensor:
    """Nearest codeword by Euclidean distance, first one on a tie.

    ``z.c - |c|^2 / 2`` orders codewords as nearness does, and leaves ``|z|^2`` out.

    Args:
        latents: ``[m, code_width]``.
        codebook: ``[codebook_size, code_width]``.

    Returns:
        int64 ``[m]``.
    """
    half_norms = codebook.square().sum(dim=1) / -2
    rows = max(1, _DISTANCES // len(codebook))
    nearest = [
        _argmax(linear(chunk, codebook, half_norms)) for chunk in latents.split(rows)
    ]
    return torch.cat(nearest)


def _argmax(nearness: Tensor) -> Tensor:
    if nearness.device.type == "cpu":
        # NumPy's argmax over rows is an order of magnitude faster than torch's there.
        return torch.from_numpy(nearness.numpy().argmax(axis=1))
    return nearness.argmax(dim=1)
