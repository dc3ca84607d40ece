"""What all classes of parameters have in common."""

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """Refuses keys that it does not have; docstrings describe its fields."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
