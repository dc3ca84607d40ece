"""Where torch computes."""

import torch

from mmctr.runtime.allocator import keep_freed_memory


def resolve_device(name: str) -> torch.device:
    """Turn a parameter into a device.

    Args:
        name: ``auto`` (CUDA, else MPS, else CPU), ``cpu``, ``cuda`` or ``mps``.

    Returns:
        The device.

    Raises:
        ValueError: If the named device is not there.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, is_there in available.items() if is_there)
    if not available[name]:
        there = ", ".join(device for device, is_there in available.items() if is_there)
        raise ValueError(
            f"device={name} is not available here (there is: {there}); "
            "set --params device=auto"
        )
    return torch.device(name)


def prepare_device(name: str, *, keep_memory: bool) -> torch.device:
    """Choose a device and set its memory up for training and prediction.

    Args:
        name: As :func:`resolve_device` takes it.
        keep_memory: On a CPU, let big freed blocks stay with this process
            (:func:`~mmctr.runtime.allocator.keep_freed_memory`); the memory of other
            devices is torch's own business.

    Returns:
        The device.

    Raises:
        ValueError: If the named device is not there.
    """
    device = resolve_device(name)
    if device.type == "cpu" and keep_memory:
        keep_freed_memory()
    return device
