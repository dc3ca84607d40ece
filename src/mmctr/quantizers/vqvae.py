"""The reference's VQ-VAE as a quantiser."""

import math
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from mmctr.progress import track
from mmctr.quantizers.checks import check_codes, check_vectors, row_chunks
from mmctr.quantizers.params import VQVAEParams
from mmctr.quantizers.protocol import FitReport
from mmctr.quantizers.vqvae_network import VQVAENetwork

# Latent values held at once; 2^25 float32 are 128 MiB.
_LATENTS = 2**25


class VQVAE:
    """Autoencoder whose latent vectors are replaced by the nearest of shared codewords.

    Training is deterministic by seed on a CPU, and leaves torch's global generators as
    they were. Encoding and decoding run in float32 without dropout, in batches.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    shared_codebook = True

    def __init__(
        self,
        params: VQVAEParams,
        *,
        width: int,
        seed: int,
        device: str,
        show_progress: bool = False,
    ) -> None:
        """Set up an unfitted quantiser.

        Args:
            params: Sizes and training.
            width: Width of the vectors, at least 1.
            seed: Seed of weights, dropout, the held-out draw and the order.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            show_progress: Whether bars are drawn on stderr.

        Raises:
            ValueError: If the device is not on this machine.
        """
        self._params = params
        self._width = width
        self._seed = seed
        self._device = find_device(device)
        self._show_progress = show_progress
        self._network: VQVAENetwork | None = None

    @property
    def positions(self) -> int:
        """Codes per item."""
        return self._params.positions

    @property
    def codebook_size(self) -> int:
        """Codewords in the one codebook."""
        return self._params.codebook_size

    def fit(self, vectors: np.ndarray) -> FitReport:
        """Train on all vectors but a held-out share.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            Training steps, and the best held-out mean squared error.

        Raises:
            ValueError: If the shape is wrong, a value is not finite, or it diverges.
        """
        # Lightning takes seconds to import, and encoding needs none of it.
        from mmctr.quantizers.vqvae_training import train_vqvae

        vectors = check_vectors(vectors, self._width)
        with _own_generators(self._device):
            torch.manual_seed(self._seed)
            network = VQVAENetwork(self._params, width=self._width)
            report = train_vqvae(
                network,
                torch.tensor(vectors),
                self._params,
                seed=self._seed,
                device=self._device,
                show_progress=self._show_progress,
            )
        self._use(network)
        return report

    @torch.inference_mode()
    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Take the nearest codeword at each position.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            ``[n, positions]`` int32, 1..codebook_size.

        Raises:
            ValueError: If the quantiser is not fitted, the shape is wrong or a value is
                not finite.
        """
        network = self._fitted()
        vectors = check_vectors(vectors, self._width)
        codes = np.empty((len(vectors), self.positions), dtype=np.int32)
        size = self._batch_rows()
        chunks = track(
            row_chunks(vectors, size),
            "vqvae, encode",
            math.ceil(len(vectors) / size),
            show=self._show_progress,
        )
        for start, rows in chunks:
            indices = network.indices(torch.tensor(rows, device=self._device))
            codes[start : start + len(rows)] = indices.cpu().numpy() + 1
        return codes

    @torch.inference_mode()
    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Run the decoder on the codewords.

        Args:
            codes: ``[n, positions]`` integers in 1..codebook_size.

        Returns:
            ``[n, width]`` float32.

        Raises:
            ValueError: If the quantiser is not fitted or a code is outside its range.
        """
        network = self._fitted()
        indices = check_codes(
            codes, self.positions, [self.codebook_size] * self.positions
        )
        decoded = np.empty((len(indices), self._width), dtype=np.float32)
        for start, rows in row_chunks(indices, self._batch_rows()):
            vectors = network.decode(torch.tensor(rows, device=self._device))
            decoded[start : start + len(rows)] = vectors.cpu().numpy()
        return decoded

    def settings(self) -> dict[str, Any]:
        """Method, width, seed and parameters; the device belongs to a machine."""
        return {
            "method": "vqvae",
            "width": self._width,
            "seed": self._seed,
            "params": self._params.model_dump(),
        }

    def state(self) -> dict[str, torch.Tensor]:
        """The network's weights on the CPU."""
        return {
            name: tensor.detach().cpu().clone().contiguous()
            for name, tensor in self._fitted().state_dict().items()
        }

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take over what :meth:`state` gave.

        Args:
            state: The network's weights.

        Raises:
            ValueError: If a tensor is missing, one too many, or of another shape.
        """
        with _own_generators(torch.device("cpu")):
            network = VQVAENetwork(self._params, width=self._width)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise ValueError(
                "quantizer weights do not fit the settings; both must come from one "
                f"run: {error}"
            ) from error
        self._use(network)

    def _use(self, network: VQVAENetwork) -> None:
        self._network = network.to(self._device).eval().requires_grad_(False)

    def _fitted(self) -> VQVAENetwork:
        if self._network is None:
            raise ValueError("the VQ-VAE is not fitted; call fit or load_state")
        return self._network

    def _batch_rows(self) -> int:
        latent = self._params.positions * self._params.code_width
        return min(max(1, _LATENTS // latent), 4_096)


def find_device(name: str) -> torch.device:
    """Turn a parameter into a device that is there.

    Args:
        name: ``auto`` (CUDA, else Apple's GPU, else the CPU) or one of these by name.

    Returns:
        The device.

    Raises:
        ValueError: If the named device is not on this machine.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, there in present.items() if there)
    if not present.get(name, False):
        there = [kind for kind, is_there in present.items() if is_there]
        raise ValueError(
            f"device '{name}' is not on this machine; there is {', '.join(there)}: "
            "set device to one of these or to auto"
        )
    return torch.device(name)


def _own_generators(device: torch.device) -> AbstractContextManager[None]:
    """A scope in which seeding touches no generator outside."""
    # Lightning trains on the first GPU; the CPU's generator is always forked.
    return torch.random.fork_rng(devices=[0] if device.type == "cuda" else [])
