"""Quantisers that are a trained network: an encoder, codewords and a decoder."""

import math
from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from mmctr.content.quantizers.base import BaseQuantizer
from mmctr.content.quantizers.checks import row_chunks
from mmctr.content.quantizers.method_params import AutoencoderParams
from mmctr.content.quantizers.protocol import FitReport
from mmctr.runtime.device import resolve_device
from mmctr.runtime.linear import RowsLinear
from mmctr.runtime.progress import track

# Latent values held at once; 2^25 float32 are 128 MiB.
_LATENTS = 2**25


class Losses(NamedTuple):
    """Losses of one batch, scalars."""

    total: Tensor
    """Minimised by a training step."""
    reconstruction: Tensor
    """Mean squared error per value of the vectors; decides when training ends."""


def coder(
    width: int,
    hidden: int,
    out: int,
    dropout: float,
    layer: type[nn.Linear] = RowsLinear,
) -> nn.Sequential:
    """An encoder or decoder: linear, ReLU, dropout, linear."""
    return nn.Sequential(
        layer(width, hidden), nn.ReLU(), nn.Dropout(dropout), layer(hidden, out)
    )


class Autoencoder(nn.Module):
    """A network that :class:`AutoencoderQuantizer` can train and use."""

    latent_width: int
    """Values between encoder and decoder per item."""

    def prepare(self, vectors: Tensor) -> None:
        """Look at the training vectors ``[n, width]`` once before the first step."""

    @abstractmethod
    def losses(self, vectors: Tensor) -> Losses:
        """The losses of ``[n, width]`` float32, scalars."""

    @abstractmethod
    def indices(self, vectors: Tensor) -> Tensor:
        """Zero-based codewords int64 ``[n, positions]`` of ``[n, width]``."""

    @abstractmethod
    def decode(self, indices: Tensor) -> Tensor:
        """Vectors ``[n, width]`` of zero-based codewords ``[n, positions]``."""


T = TypeVar("T", bound=AutoencoderParams)


class AutoencoderQuantizer(BaseQuantizer[T]):
    """A network trained by Lightning until the held-out error stops falling.

    Training is deterministic by seed on a CPU, and leaves torch's global generators as
    they were. Encoding and decoding run in float32 without dropout, in batches.
    """

    def __init__(self, params: T, **frame: Any) -> None:
        """Set up an unfitted quantiser.

        Args:
            params: Sizes and training.
            frame: As :class:`~mmctr.content.quantizers.base.BaseQuantizer` takes it.

        Raises:
            ValueError: If the device is not on this machine.
        """
        super().__init__(params, **frame)
        self._device = resolve_device(self._device_name)
        self._network: Autoencoder

    @abstractmethod
    def _make_network(self) -> Autoencoder:
        """A fresh network, its weights drawn from torch's global generator."""

    def _fit(self, vectors: np.ndarray) -> FitReport:
        # Lightning takes seconds to import, and encoding needs none of it.
        from mmctr.content.quantizers.training import train_autoencoder

        with _own_generators(self._device):
            torch.manual_seed(self._seed)
            network = self._make_network()
            report = train_autoencoder(
                network,
                torch.tensor(vectors),
                self._params,
                name=self.method,
                seed=self._seed,
                device=self._device,
                show_progress=self._show_progress,
            )
        self._use(network)
        return report

    @torch.inference_mode()
    def _encode(self, vectors: np.ndarray, indices: np.ndarray) -> None:
        size = self._batch_rows()
        chunks = track(
            row_chunks(vectors, size),
            f"{self.method}, encode",
            math.ceil(len(vectors) / size),
            show=self._show_progress,
        )
        for start, rows in chunks:
            found = self._network.indices(torch.tensor(rows, device=self._device))
            indices[start : start + len(rows)] = found.cpu().numpy()

    @torch.inference_mode()
    def _decode(self, indices: np.ndarray) -> np.ndarray:
        decoded = np.empty((len(indices), self._width), dtype=np.float32)
        for start, rows in row_chunks(indices, self._batch_rows()):
            vectors = self._network.decode(torch.tensor(rows, device=self._device))
            decoded[start : start + len(rows)] = vectors.cpu().numpy()
        return decoded

    def _state(self) -> dict[str, Tensor]:
        return self._network.state_dict()

    def _load(self, state: dict[str, Tensor]) -> None:
        with _own_generators(torch.device("cpu")):
            network = self._make_network()
        network.load_state_dict(state)
        self._use(network)

    def _use(self, network: Autoencoder) -> None:
        self._network = network.to(self._device).eval().requires_grad_(False)

    def _batch_rows(self) -> int:
        # A row may meet all codewords of a level at once.
        values = max(self._network.latent_width, 4 * self.codebook_size)
        fitting = min(max(1, _LATENTS // values), 4_096)
        # A power of two, so that pieces of ENCODED_ROWS are whole batches.
        return 1 << (fitting.bit_length() - 1)


def _own_generators(device: torch.device) -> AbstractContextManager[None]:
    """A scope in which seeding touches no generator outside."""
    # Lightning trains on the first GPU; the CPU's generator is always forked.
    return torch.random.fork_rng(devices=[0] if device.type == "cuda" else [])
