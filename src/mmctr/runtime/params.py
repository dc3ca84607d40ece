"""What all classes of parameters have in common."""

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """Refuses keys that it does not have."""

    model_config = ConfigDict(extra="forbid")
