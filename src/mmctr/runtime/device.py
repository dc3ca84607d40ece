"""Choose the device that torch computes on."""

import torch

from mmctr.runtime.allocator import keep_freed_memory


def resolve_device(name: str) -> torch.device:
    """Turn a parameter into a device that this machine has.

    Args:
        name: ``auto`` (CUDA, else MPS, else CPU), ``cpu``, ``cuda`` or ``mps``.

    Returns:
        The device.

    Raises:
        ValueError: If this machine does not have the named device.
    """
    is_there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    available = [kind for kind, found in is_there.items() if found]
    if name == "auto":
        name = available[0]
    if name not in available:
        raise ValueError(
            f"device={name} is not available here (available: "
            f"{', '.join(available)}); set --params device=auto"
        )
    return torch.device(name)


def prepare_device(name: str, *, keep_memory: bool) -> torch.device:
    """Choose a device and set its memory up for training and prediction.

    Args:
        name: As for :func:`resolve_device`.
        keep_memory: On a CPU, let big freed blocks stay with this process
            (:func:`~mmctr.runtime.allocator.keep_freed_memory`); torch manages the
            memory of other devices.

    Returns:
        The device.

    Raises:
        ValueError: If the named device is not there.
    """
    device = resolve_device(name)
    if device.type == "cpu" and keep_memory:
        keep_freed_memory()
    return device
