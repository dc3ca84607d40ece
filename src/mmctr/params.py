"""The root of all parameters: one model that knows every key there is."""

import difflib
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mmctr.ctr.params import CtrParams
from mmctr.embedders.params import EmbeddingParams
from mmctr.pipelines.fusion.params import FusionParams
from mmctr.pipelines.preparation.params import PreparationParams
from mmctr.pipelines.sample.params import SampleParams
from mmctr.quantizers.params import QuantizationParams


class ProjectParams(BaseModel):
    """Everything that can be set, by pipeline."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    dataset: str = Field(description="names the folders that artifacts lie in")
    raw_dir: str = Field(description="folder of the raw files")
    seed: int = Field(ge=0, description="the one seed of the run")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        description="where torch trains; auto takes a GPU if there is one"
    )
    sample: SampleParams
    preparation: PreparationParams
    embedding: EmbeddingParams
    fusion: FusionParams
    quantization: QuantizationParams
    ctr_modeling: CtrParams

    @field_validator("dataset")
    @classmethod
    def _is_a_folder_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", value):
            raise ValueError(
                "use letters, digits, '_', '-' and '.' only: it becomes a folder name"
            )
        return value


def check_parameters(parameters: dict[str, Any]) -> ProjectParams:
    """Check the whole parameter tree, whichever pipeline is going to run.

    Args:
        parameters: The merged tree: base, environment and command line.

    Returns:
        The typed tree.

    Raises:
        ValueError: One line a problem; an unknown key comes with the nearest known
            name.
    """
    try:
        return ProjectParams.model_validate(parameters)
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors()]
        raise ValueError("Parameters:\n" + "\n".join(f"- {x}" for x in lines)) from None


def _explain(problem: Any) -> str:
    path = [str(part) for part in problem["loc"]]
    name = ".".join(path)
    if problem["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
        hint = (
            f"did you mean '{'.'.join([*path[:-1], near[0]])}'?"
            if near
            else f"known here: {', '.join(sorted(known))}"
        )
        return f"'{name}' is not a parameter; {hint}"
    if problem["type"] == "missing":
        return f"'{name}' is missing; set it in conf/<environment>/parameters.yml"
    if path[:2] == ["embedding", "openai"]:  # an address may hold a password
        return f"'{name}': {problem['msg']}"
    return f"'{name}' = {problem['input']!r}: {problem['msg']}"


def _known_keys(path: list[str]) -> list[str]:
    """Fields of the model at a path of the tree."""
    model: type[BaseModel] = ProjectParams
    for part in path:
        annotation = model.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
