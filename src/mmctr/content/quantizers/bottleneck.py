"""An autoencoder around a quantiser of vector-quantize-pytorch."""

import math
from abc import abstractmethod
from typing import ClassVar, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmctr.content.quantizers.autoencoder import (
    Autoencoder,
    AutoencoderQuantizer,
    Losses,
    coder,
)
from mmctr.content.quantizers.method_params import (
    AutoencoderParams,
    SharedCodebookParams,
)
from mmctr.content.quantizers.vqvae import nearest_codewords

# Distances between latents and codewords held at once. The library keeps some five
# arrays of this size; 2^24 float32 are 64 MiB.
DISTANCES = 2**24


class Bottleneck(nn.Module):
    """Codewords in the place of latents; wraps one class of the library."""

    latent_width: int
    """Values per item."""

    def prepare(self, latents: Tensor) -> None:
        """Start codebooks from latents ``[n, latent_width]``; not all need it."""

    def rows_to_prepare(self) -> int:
        """How many items :meth:`prepare` needs."""
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
            bottleneck: Codebooks between encoder and decoder.
            width: Width of the vectors.
        """
        super().__init__()
        self.latent_width = latent = bottleneck.latent_width
        self.encoder = coder(width, params.hidden, latent, params.dropout)
        self.bottleneck = bottleneck
        self.decoder = coder(latent, params.hidden, width, params.dropout)
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

    def losses(self, vectors: Tensor) -> Losses:
        """Error of the decoding in units of the spread, plus the library's loss.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            Scalars; the reconstruction is in units of the vectors.
        """
        quantised, library_loss = self.bottleneck(self._encoded(vectors))
        target = (vectors - self.center) * self.scale
        error = F.mse_loss(self.decoder(quantised), target)
        return Losses(error + library_loss, error / self.scale.square())

    def indices(self, vectors: Tensor) -> Tensor:
        """Zero-based codewords int64 ``[n, positions]``."""
        return self.bottleneck.indices(self._encoded(vectors)).long()

    def decode(self, indices: Tensor) -> Tensor:
        """Vectors ``[n, width]`` of zero-based codewords ``[n, positions]``."""
        return self.decoder(self.bottleneck.lookup(indices)) / self.scale + self.center

    def _encoded(self, vectors: Tensor) -> Tensor:
        return self.encoder((vectors - self.center) * self.scale)


T = TypeVar("T", bound=AutoencoderParams)


class BottleneckQuantizer(AutoencoderQuantizer[T]):
    """A quantiser that is a :class:`BottleneckAutoencoder`."""

    bottleneck: ClassVar[type[Bottleneck]]
    """Made of the method's settings."""

    def _make_network(self) -> BottleneckAutoencoder:
        bottleneck = self.bottleneck(self._params)
        return BottleneckAutoencoder(self._params, bottleneck, width=self._width)


class SlicedBottleneck(Bottleneck):
    """Each of ``positions`` slices of a latent reads the codebook of ``quantizer``."""

    def __init__(self, quantizer: nn.Module, params: SharedCodebookParams) -> None:
        """Wrap a quantiser of the library.

        Args:
            quantizer: ``[1, m, code_width]`` to codewords, indices and a loss; its
                ``codebook`` is ``[codebook_size, code_width]``.
            params: Positions, codewords and their width.
        """
        super().__init__()
        self.quantizer = quantizer
        self.latent_width = params.positions * params.code_width
        self._params = params

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise ``[n, latent_width]``; and the library's loss, a scalar."""
        slices = self.slices(latents)
        quantised, loss = in_pieces(self.quantizer, slices, self._params.codebook_size)
        return quantised.view(latents.shape), loss

    def indices(self, latents: Tensor) -> Tensor:
        """The nearest codeword of each slice, int64 ``[n, positions]``."""
        found = nearest_codewords(self.slices(latents), self.quantizer.codebook)
        return found.view(len(latents), self._params.positions)

    def lookup(self, indices: Tensor) -> Tensor:
        """Codewords side by side, ``[n, latent_width]``."""
        return F.embedding(indices, self.quantizer.codebook).flatten(1)

    def slices(self, latents: Tensor) -> Tensor:
        """All slices of all latents, ``[n * positions, code_width]``."""
        return latents.reshape(-1, self._params.code_width)


def in_pieces(
    quantizer: nn.Module, rows: Tensor, codebook_size: int
) -> tuple[Tensor, Tensor]:
    """Quantise in pieces whose distances to the codewords fit in memory.

    Args:
        quantizer: A quantiser of the library.
        rows: ``[m, d]``.
        codebook_size: Codewords per codebook.

    Returns:
        Quantised rows ``[m, d]``, and the mean loss over all rows.
    """
    quantised, loss = [], rows.new_zeros(())
    for piece in rows.split(rows_at_once(codebook_size)):
        codewords, _, losses = quantizer(piece[None])
        quantised.append(codewords[0])
        loss = loss + len(piece) / len(rows) * losses.mean()
    return torch.cat(quantised), loss


def rows_at_once(codebook_size: int) -> int:
    """How many rows may meet all codewords at once."""
    return max(1, DISTANCES // codebook_size)


def revival_threshold(params: AutoencoderParams, rows: int) -> float:
    """``revive_under`` as the library counts it, in rows of a batch.

    Args:
        params: Of a method whose codebooks move.
        rows: Rows of a batch that read one codebook.
    """
    size = params.codebook_size
    return params.revive_under * min(rows, rows_at_once(size)) / size


def at_least(rows: Tensor, count: int) -> Tensor:
    """The rows, repeated until there are ``count``: k-means needs that many."""
    return rows.repeat(math.ceil(count / len(rows)), 1) if len(rows) < count else rows


def _mean_square(vectors: Tensor, center: Tensor) -> float:
    squares = sum(
        float((rows - center).double().square().sum()) for rows in vectors.split(65_536)
    )
    return squares / vectors.numel()
