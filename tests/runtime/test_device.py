"""One rule for where torch computes."""

import pytest
import torch

from mmctr.runtime.device import resolve_device


@pytest.mark.parametrize("there", ["cuda", "mps", "cpu"])
def test_auto_takes_what_is_there(monkeypatch, there):
    """A GPU before the CPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there == "cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there == "mps")
    assert resolve_device("auto") == torch.device(there)
    assert resolve_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "mps", "tpu"])
def test_a_device_that_is_not_there_is_named(monkeypatch, name):
    """The message says what is there and what to set instead."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match=rf"device={name} is not.*cpu.*device=auto"):
        resolve_device(name)


def test_auto_computes():
    """Whatever this machine has."""
    assert torch.zeros(1, device=resolve_device("auto")).sum() == 0
