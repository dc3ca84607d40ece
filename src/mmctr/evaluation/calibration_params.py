"""Typed parameters of the calibration."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from mmctr.runtime.params import Params


def _off_is_a_word(value: Any) -> Any:
    """YAML reads a bare ``off`` as false."""
    return "off" if value is False else value


class CalibrationParams(Params):
    """How a model's probabilities become click rates."""

    method: Annotated[
        Literal["off", "temperature", "platt", "beta", "isotonic"],
        BeforeValidator(_off_is_a_word),
    ] = "platt"
    """Fitted after training on the later half of valid, or on all of it without times.
    off: as the model gives them; temperature: the logit times a slope; platt: a slope
    and a shift; beta: a slope for low and one for high probabilities, and a shift;
    isotonic: any rising steps, for thousands of clicks in valid."""
