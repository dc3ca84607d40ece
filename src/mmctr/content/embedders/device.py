"""Where a local model runs."""

import torch

from mmctr.content.embedders.params import Device


def resolve_device(device: Device) -> str:
    """Choose the device and check that it is there.

    Args:
        device: ``auto`` takes the first of cuda, mps and cpu that is there.

    Returns:
        The name torch knows.

    Raises:
        ValueError: If the device asked for is not there.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return next(name for name, usable in there.items() if usable)
    if not there[device]:
        raise ValueError(
            f"device is {device}, but torch sees none on this machine; "
            "set device=auto or device=cpu"
        )
    return device
