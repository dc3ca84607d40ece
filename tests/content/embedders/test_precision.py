"""The choice between fp32 and bf16 on one batch."""

import time

import numpy as np
import pytest

from mmctr.content.embedders.precision import measure_precision

WIDE = np.random.default_rng(5).standard_normal((8, 16)).astype(np.float32)


@pytest.mark.parametrize(
    ("seconds", "noise", "chosen"),
    [
        ({"fp32": 2.0, "bf16": 1.0}, 1e-3, "bf16"),
        ({"fp32": 2.0, "bf16": 1.9}, 1e-3, "fp32"),
        ({"fp32": 1.0, "bf16": 9.0}, 1e-3, "fp32"),
        ({"fp32": 2.0, "bf16": 1.0}, 0.3, "fp32"),
        ({"fp32": 2.0, "bf16": 1.0}, np.nan, "fp32"),
    ],
    ids=["faster", "hardly", "slower", "apart", "nan"],
)
def test_bf16_must_be_faster_and_close(monkeypatch, caplog, seconds, noise, chosen):
    """Both are needed; the log says the choice and why."""
    clock = [0.0]
    monkeypatch.setattr(time, "process_time", lambda: clock[0])

    def encode(precision):
        clock[0] += seconds[precision]
        return WIDE + (noise if precision == "bf16" else 0) * WIDE[::-1]

    with caplog.at_level("INFO"):
        assert measure_precision(encode) == chosen
    assert f"embedded in {chosen}" in caplog.text
    assert f"{seconds['fp32'] / seconds['bf16']:.1f} times as fast" in caplog.text
