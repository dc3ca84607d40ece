"""The VQ-VAE in its plain formulation, as the reference has it.

Every distance of a batch lies in memory at once, and items are encoded one by one. The
layers and the weights are the product's.
"""

import torch
from torch.nn import functional

from mmctr.content.quantizers.vqvae import VQVAENetwork


def nearest(latents: torch.Tensor, codebook: torch.Tensor) -> torch.Tensor:
    """Nearest codewords by ``|z|^2 + |c|^2 - 2 z.c``, term by term as it reads.

    Args:
        latents: ``[B, positions, code_width]``.
        codebook: ``[codebook_size, code_width]``.

    Returns:
        int64 ``[B, positions]``.
    """
    distances = (
        latents.square().sum(dim=2, keepdim=True)
        + codebook.square().sum(dim=1)
        - 2 * (latents @ codebook.T)
    )
    return distances.argmin(dim=2)


def loss(
    network: VQVAENetwork, vectors: torch.Tensor, *, alpha: float, beta: float
) -> torch.Tensor:
    """Reconstruction + alpha * codebook + beta * commitment of ``[B, width]``."""
    latents = network.latents(vectors)
    codewords = functional.embedding(
        nearest(latents, network.codebook), network.codebook
    )
    passed = latents + (codewords - latents).detach()
    decoded = network.decoder(passed.flatten(1))
    return (
        functional.mse_loss(decoded, vectors)
        + alpha * functional.mse_loss(codewords, latents.detach())
        + beta * functional.mse_loss(latents, codewords.detach())
    )


@torch.no_grad()
def encode(network: VQVAENetwork, vectors: torch.Tensor) -> torch.Tensor:
    """Codes ``[n, positions]`` in 1..codebook_size, one item a forward call."""
    rows = [nearest(network.latents(row), network.codebook) for row in vectors.split(1)]
    return torch.cat(rows) + 1
