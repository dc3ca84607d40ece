"""Typed parameters of the fusion pipeline."""

from pydantic import BaseModel, ConfigDict, Field


class ModalityParams(BaseModel):
    """What happens to the vectors of one modality."""

    model_config = ConfigDict(extra="forbid")

    l2_normalize: bool = Field(True, description="scale every vector to length 1")
    center: bool = Field(
        False,
        description="subtract the mean vector of the items that have one; with "
        "l2_normalize before and after",
    )


class FusionParams(BaseModel):
    """How the vectors of the modalities join the item features."""

    model_config = ConfigDict(extra="forbid")

    title: ModalityParams = Field(
        default_factory=ModalityParams, description="title vectors"
    )
    image: ModalityParams = Field(
        default_factory=ModalityParams, description="image vectors"
    )
