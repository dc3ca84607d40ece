"""A calibration as a layer, for models that leave this project."""

import numpy as np
import torch
from torch import nn

from mmctr.evaluation.calibration import Calibration

_LIMITS = np.finfo(np.float64)


class CalibrationLayer(nn.Module):
    """The same function as :meth:`mmctr.evaluation.calibration.Calibration.apply`.

    Shapes: logits ``[B]`` float32 -> probabilities ``[B]`` float64.
    """

    def __init__(self, calibration: Calibration) -> None:
        """Store its numbers."""
        super().__init__()
        self._weights = calibration.weights.tolist()
        self._has_steps = len(calibration.logits) > 0
        if self._has_steps:
            for name in ("logits", "calibrated"):
                own = torch.from_numpy(getattr(calibration, name).copy())
                self.register_buffer(name, own)

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        """Calibrate."""
        a, b, c = self._weights
        given = torch.sigmoid(logits).double()
        if not self._has_steps and (a, b, c) == (1, 1, 0):
            return given
        p = given.clamp(float(_LIMITS.tiny), float(1 - _LIMITS.epsneg))
        clicked, not_clicked = p.log(), (-p).log1p()
        if self._has_steps:
            return torch.sigmoid(self._interpolate(clicked - not_clicked))
        return torch.sigmoid(a * clicked - b * not_clicked + c)

    def _interpolate(self, x: torch.Tensor) -> torch.Tensor:
        """A line through the steps, level beyond their ends, as ``np.interp``."""
        last = len(self.logits) - 1
        below = (self.logits <= x[:, None]).sum(1) - 1
        lower, upper = below.clamp(0, last), (below + 1).clamp(0, last)
        start, end = self.logits[lower], self.logits[upper]
        width = torch.where(end > start, end - start, torch.ones_like(end))
        share = ((x - start) / width).clamp(0, 1)
        first = self.calibrated[lower]
        return first + share * (self.calibrated[upper] - first)
