"""The layer calibrates as the function does."""

import numpy as np
import pytest
import torch

from mmctr.ctr.layers.calibration import CalibrationLayer
from mmctr.evaluation.calibration import Calibration, fit_calibration


def fitted(method: str) -> Calibration:
    """Fitted on rows whose labels are sharper than their probabilities."""
    if method == "off":
        return Calibration()
    rng = np.random.default_rng(0)
    logits = rng.normal(size=4_000)
    labels = rng.random(4_000) < 1 / (1 + np.exp(-2 * logits - 0.5))
    found = fit_calibration(labels, 1 / (1 + np.exp(-logits)), method)
    assert not found.unfitted
    return found


@pytest.mark.parametrize("method", ["off", "temperature", "platt", "beta", "isotonic"])
def test_probabilities_are_those_of_the_function(method):
    calibration = fitted(method)
    edges = calibration.logits.astype(np.float32)
    logits = np.concatenate(
        [np.linspace(-9, 9, 500), [-200, -30, 20, 50, 200], edges]
    ).astype(np.float32)
    given = torch.sigmoid(torch.from_numpy(logits)).double().numpy()
    found = CalibrationLayer(calibration)(torch.from_numpy(logits))
    assert found.dtype == torch.float64
    assert found.numpy() == pytest.approx(calibration.apply(given), abs=1e-12)
