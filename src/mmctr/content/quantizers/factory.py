"""From parameters or saved settings to a quantiser."""

from typing import TYPE_CHECKING, Any

from mmctr.content.quantizers.methods import find_method, quantizer_class
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.protocol import Quantizer
from mmctr.runtime.progress import is_shown

if TYPE_CHECKING:  # torch takes a second to import; a type needs none of it
    import torch


def make_quantizer(params: QuantizationParams, width: int) -> Quantizer:
    """Set up the quantiser that the parameters name.

    Args:
        params: Method, settings of each method, seed and device.
        width: Width of the vectors.

    Returns:
        An unfitted quantiser.

    Raises:
        ValueError: If the width is not positive or does not divide into the method's
            positions, or the device is not on this machine.
    """
    if width < 1:
        raise ValueError(f"vectors of width {width} cannot be quantised")
    return quantizer_class(params.method)(
        params.own,
        method=params.method,
        width=width,
        seed=params.seed,
        device=params.device,
        show_progress=is_shown(params.progress),
    )


def load_quantizer(
    settings: dict[str, Any],
    state: "dict[str, torch.Tensor]",
    device: str = "cpu",
) -> Quantizer:
    """Rebuild a fitted quantiser.

    Args:
        settings: From ``Quantizer.settings``.
        state: From ``Quantizer.state``.
        device: Where it runs.

    Returns:
        A quantiser that gives the same codes as before.

    Raises:
        ValueError: If the method is unknown or absent, or the weights do not fit.
    """
    method = settings.get("method")
    if method is None:
        raise ValueError(
            "quantizer settings name no method: the modality is absent and has no "
            "quantizer"
        )
    quantizer = quantizer_class(method)(
        find_method(method).params.model_validate(settings["params"]),
        method=method,
        width=settings["width"],
        seed=settings["seed"],
        device=device,
    )
    quantizer.load_state(state)
    return quantizer
