"""The frame of every quantiser: checks, codes from 1, settings and weights."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch

from mmctr.content.quantizers.checks import check_codes, check_vectors
from mmctr.content.quantizers.method_params import MethodParams
from mmctr.content.quantizers.protocol import FitReport

P = TypeVar("P", bound=MethodParams)


class BaseQuantizer(ABC, Generic[P]):
    """A :class:`~mmctr.content.quantizers.protocol.Quantizer` without its mathematics.

    A method fills in the underscored functions, which see checked float32 vectors and
    zero-based codewords.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    shared_codebook: ClassVar[bool] = False
    """Whether all positions read one codebook."""

    def __init__(
        self,
        params: P,
        *,
        method: str,
        width: int,
        seed: int,
        device: str = "cpu",
        show_progress: bool = False,
    ) -> None:
        """Set up an unfitted quantiser.

        Args:
            params: The method's settings.
            method: Its name in the parameters, saved settings and messages.
            width: Width of the vectors, at least 1.
            seed: Seed of everything that is drawn.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``, for methods that use torch.
            show_progress: Whether bars are drawn on stderr.
        """
        self.method = method
        self._params = params
        self._width = width
        self._seed = seed
        self._device_name = device
        self._show_progress = show_progress
        self._is_fitted = False

    @property
    def positions(self) -> int:
        """Codes per item."""
        return self._params.positions

    @property
    def codebook_size(self) -> int:
        """Most codewords per codebook."""
        return self._params.codebook_size

    def fit(self, vectors: np.ndarray) -> FitReport:
        """Learn the codebooks.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            Steps taken and the mean squared error per value.

        Raises:
            ValueError: If the shape is wrong, a value is not finite, or training
                diverges.
        """
        report = self._fit(check_vectors(vectors, self._width))
        self._is_fitted = True
        return report

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Find each vector's codes.

        Args:
            vectors: ``[n, width]`` float32.

        Returns:
            ``[n, positions]`` int32, 1..codebook_size.

        Raises:
            ValueError: If the quantiser is not fitted, the shape is wrong or a value is
                not finite.
        """
        self._require_fit()
        vectors = check_vectors(vectors, self._width)
        codes = np.empty((len(vectors), self.positions), dtype=np.int32)
        self._encode(vectors, codes)
        codes += 1
        return codes

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Find the vectors that codes stand for.

        Args:
            codes: ``[n, positions]`` integers.

        Returns:
            ``[n, width]`` float32.

        Raises:
            ValueError: If the quantiser is not fitted or a code has no codeword.
        """
        self._require_fit()
        return self._decode(check_codes(codes, self.positions, self._sizes()))

    def settings(self) -> dict[str, Any]:
        """Method, width, seed and parameters, but not the device of this machine."""
        return {
            "method": self.method,
            "width": self._width,
            "seed": self._seed,
            "params": self._params.model_dump(),
        }

    def state(self) -> dict[str, torch.Tensor]:
        """The fitted values, as named tensors of their own on the CPU.

        Raises:
            ValueError: If the quantiser is not fitted.
        """
        self._require_fit()
        return {
            name: tensor.detach().cpu().clone().contiguous()
            for name, tensor in self._state().items()
        }

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        """Load what :meth:`state` returned.

        Args:
            state: The named tensors.

        Raises:
            ValueError: If a tensor is missing, one too many, or of another shape.
        """
        try:
            self._load(state)
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f"{self.method}: quantizer weights do not fit the settings ({error}); "
                "both must come from one run"
            ) from error
        self._is_fitted = True

    @abstractmethod
    def _fit(self, vectors: np.ndarray) -> FitReport:
        """Learn from ``[n, width]`` float32, n at least 1."""

    @abstractmethod
    def _encode(self, vectors: np.ndarray, indices: np.ndarray) -> None:
        """Write zero-based codewords of ``[n, width]`` into ``[n, positions]``."""

    @abstractmethod
    def _decode(self, indices: np.ndarray) -> np.ndarray:
        """Vectors ``[n, width]`` of zero-based codewords int64 ``[n, positions]``."""

    @abstractmethod
    def _state(self) -> dict[str, torch.Tensor]:
        """The tensors themselves."""

    @abstractmethod
    def _load(self, state: dict[str, torch.Tensor]) -> None:
        """Load tensors, or raise RuntimeError or ValueError."""

    def _sizes(self) -> list[int]:
        """How many codewords each position has."""
        return [self.codebook_size] * self.positions

    def _require_fit(self) -> None:
        if not self._is_fitted:
            raise ValueError(f"{self.method} is not fitted; call fit or load_state")
