"""Where torch computes."""

import torch


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
