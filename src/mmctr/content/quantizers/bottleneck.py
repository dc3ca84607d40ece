"""An autoencoder around a quantiser of vector-quantize-pytorch."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmctr.content.quantizers.autoencoder import Autoencoder
from mmctr.content.quantizers.params import AutoencoderParams
from mmctr.runtime.linear import RowsLinear

# Distances between latents and codewords held at once. The library keeps some five
# arrays of this size; 2^24 float32 are 64 MiB.
DISTANCES = 2**24


class BottleneckLosses(NamedTuple):
    """The parts of the loss."""

    total: Tensor
    reconstruction: Tensor
    quantisation: Tensor
    """What the library asks for: commitment, and for a learned codebook its own."""


class Bottleneck(nn.Module):
    """Codewords in the place of latents; wraps one class of the library."""

    latent_width: int
    """Values per item."""

    def prepare(self, latents: Tensor) -> None:
        """Start codebooks from latents ``[n, latent_width]``; not all need it."""

    def rows_to_prepare(self) -> int:
        """Items that :meth:`prepare` wants to see."""
        return 0

    @abstractmethod
    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise ``[n, latent_width]``, gradients passed on; and a scalar loss."""

    @abstractmethod
    def indices(self, latents: Tensor) -> Tensor:
        """Zero-based codewords ``[n, positions]`` of ``[n, latent_width]``."""

    @abstractmethod
    def lookup(self, indices: Tensor) -> Tensor:
        """Latents ``[n, latent_width]`` of zero-based codewords ``[n, positions]``."""


class BottleneckAutoencoder(Autoencoder):
    """Linear, ReLU, Linear on both sides of a bottleneck.

    Vectors are centred and scaled to variance 1 by numbers of the training vectors, so
    that one learning rate and one weight of the losses serve vectors of any scale.
    """

    def __init__(
        self, params: AutoencoderParams, bottleneck: Bottleneck, *, width: int
    ) -> None:
        """Draw the weights from torch's global generator.

        Args:
            params: Hidden width and dropout.
            bottleneck: What lies between encoder and decoder.
            width: Width of the vectors.
        """
        super().__init__()
        self.latent_width = latent = bottleneck.latent_width
        self.encoder = nn.Sequential(
            RowsLinear(width, params.hidden),
            nn.ReLU(),
            nn.Dropout(params.dropout),
            RowsLinear(params.hidden, latent),
        )
        self.bottleneck = bottleneck
        self.decoder = nn.Sequential(
            RowsLinear(latent, params.hidden),
            nn.ReLU(),
            nn.Dropout(params.dropout),
            RowsLinear(params.hidden, width),
        )
        self.register_buffer("center", torch.zeros(width))
        self.register_buffer("scale", torch.ones(()))

    @torch.no_grad()
    def prepare(self, vectors: Tensor) -> None:
        """Measure the vectors, and start the codebooks where k-means does that.

        Args:
            vectors: All training vectors, ``[n, width]``.
        """
        self.center.copy_(vectors.mean(dim=0))
        spread = math.sqrt(_mean_square(vectors, self.center))
        if spread > 0:
            self.scale.fill_(1 / spread)
        rows = vectors[: self.bottleneck.rows_to_prepare()]
        if len(rows):
            self.eval()
            latents = self._encoded(rows)
            self.train()
            self.bottleneck.prepare(latents)

    def losses(self, vectors: Tensor) -> BottleneckLosses:
        """Error of the decoding in units of the spread, plus the library's loss.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            Scalars; the reconstruction is in units of the vectors.
        """
        quantised, quantisation = self.bottleneck(self._encoded(vectors))
        wanted = (vectors - self.center) * self.scale
        error = F.mse_loss(self.decoder(quantised), wanted)
        return BottleneckLosses(
            error + quantisation, error / self.scale.square(), quantisation
        )

    def indices(self, vectors: Tensor) -> Tensor:
        """Zero-based codewords int64 ``[n, positions]``."""
        return self.bottleneck.indices(self._encoded(vectors)).long()

    def decode(self, indices: Tensor) -> Tensor:
        """Vectors ``[n, width]`` of zero-based codewords ``[n, positions]``."""
        return self.decoder(self.bottleneck.lookup(indices)) / self.scale + self.center

    def _encoded(self, vectors: Tensor) -> Tensor:
        return self.encoder((vectors - self.center) * self.scale)


def pieces(rows: Tensor, codebook_size: int) -> Iterator[tuple[Tensor, float]]:
    """Cut rows so that their distances to the codewords fit in memory.

    Args:
        rows: ``[m, d]``.
        codebook_size: Codewords.

    Yields:
        Rows, and their share of all.
    """
    for piece in rows.split(rows_at_once(codebook_size)):
        yield piece, len(piece) / len(rows)


def rows_at_once(codebook_size: int) -> int:
    """How many rows may meet all codewords at once."""
    return max(1, DISTANCES // codebook_size)


def at_least(rows: Tensor, count: int) -> Tensor:
    """The rows, again and again until there are ``count``; k-means wants that many."""
    return rows.repeat(math.ceil(count / len(rows)), 1) if len(rows) < count else rows


def _mean_square(vectors: Tensor, center: Tensor) -> float:
    squares = sum(
        float((rows - center).double().square().sum()) for rows in vectors.split(65_536)
    )
    return squares / vectors.numel()
