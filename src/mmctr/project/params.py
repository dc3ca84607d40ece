"""The root of all parameters: one model with every known key."""

import re
import typing
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.data.sample.params import SampleParams
from mmctr.evaluation.params import BaselineParams, require_weights
from mmctr.experiments.ablation.params import AblationParams
from mmctr.experiments.ablation.plan import resolve
from mmctr.experiments.evidence.params import EvidenceParams
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.varied_params import VariedParams
from mmctr.runtime.params import Params
from mmctr.runtime.scale.params import ScaleParams
from mmctr.runtime.suggestions import LEAST_LIKENESS, did_you_mean, likeness
from mmctr.serving.export.params import ExportParams
from mmctr.serving.prediction.params import PredictParams


class ProjectParams(Params):
    """Everything that can be set, by pipeline."""

    dataset: str
    """Name of the folders that hold the artifacts."""
    raw_dir: str
    """Folder of the raw files."""
    seed: int = Field(ge=0)
    """The one seed of the run."""
    device: Literal["auto", "cpu", "cuda", "mps"]
    """Where torch trains; auto takes a GPU if there is one."""
    strict: bool = False
    """Refuse, instead of warning about, a run that builds on artifacts made with other
    parameters or inputs."""
    accept_changed: bool = False
    """Accept an artifact whose file was edited by hand after a run had saved it."""
    comparable_runs: int = Field(20, ge=0)
    """Latest runs of a data set whose probabilities and reports stay in its history; of
    all others the metrics and parameters stay."""
    bundle: str | None = None
    """Folder of the bundle that scores a log, for the pipeline predict."""
    log: str | None = None
    """Folder of the log that is scored, for the pipeline predict."""
    sample: SampleParams
    preparation: PreparationParams
    fields: FieldsParams
    row_statistics: RowStatisticsParams
    embedding: EmbeddingParams
    quantization: QuantizationParams
    baselines: BaselineParams
    ctr_modeling: CtrParams
    ablation: AblationParams
    tuning: TuningParams
    evidence: EvidenceParams
    predict: PredictParams
    scale: ScaleParams = ScaleParams()
    export: ExportParams

    @field_validator("dataset", "raw_dir", "bundle", "log", mode="before")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        """Take a whole number as a name; the text of a float is lost."""
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if is_whole else value

    @field_validator("dataset")
    @classmethod
    def _is_a_folder_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", value):
            raise ValueError(
                "use letters, digits, '_', '-' and '.' only: it becomes a folder name"
            )
        return value

    @property
    def _model(self) -> VariedParams:
        return VariedParams(
            quantization=self.quantization, ctr_modeling=self.ctr_modeling
        )

    @model_validator(mode="after")
    def _statistics_are_computed(self) -> Self:
        kinds = self.row_statistics.kinds
        missing = [x for x in self.ctr_modeling.features.statistics if x not in kinds]
        if missing:
            raise ValueError(
                f"ctr_modeling.features.statistics names '{missing[0]}', which "
                f"row_statistics.kinds does not compute ({', '.join(kinds) or 'none'})"
            )
        return self

    @model_validator(mode="after")
    def _weights_are_named(self) -> Self:
        named = self.preparation.weight_column is not None
        require_weights(self.ctr_modeling.evaluation, named)
        return self

    @model_validator(mode="after")
    def _prefixes_are_of_residual_codes(self) -> Self:
        self._model.require_residual_codes(of_modalities=True)
        return self

    @model_validator(mode="after")
    def _arms_are_models(self) -> Self:
        """Check what arms override like the project's own settings."""
        problems = []
        for name, arm in self.ablation.arms.items():
            if arm is None or not arm.is_trained:
                continue
            for label, candidate in self.ablation.candidates_of(arm).items():
                where = f"ablation.arms.{name}, candidate {label}"
                try:
                    resolve(arm, candidate, self.ablation, self._model)
                except ValidationError as error:
                    problems += [f"{where}: {_explain(x)}" for x in error.errors()]
                except ValueError as error:
                    problems.append(f"{where}: {error}")
        if problems:
            raise ValueError("\n- ".join(dict.fromkeys(problems)))
        return self

    @model_validator(mode="after")
    def _trials_are_models(self) -> Self:
        """Check each name of the space and its ends alone; trials check the rest."""
        problems = []
        for name, distribution in self.tuning.chosen_space.items():
            for value in distribution.edges:
                try:
                    self._model.override(self.tuning.overrides({name: value}))
                except ValidationError as error:
                    problems += [f"tuning.space: {_explain(x)}" for x in error.errors()]
                except ValueError:
                    # It may go with other values of the space.
                    continue
        if problems:
            raise ValueError("\n- ".join(dict.fromkeys(problems)))
        return self


def check_parameters(parameters: dict[str, Any]) -> ProjectParams:
    """Check the whole parameter tree, whichever pipeline is going to run.

    Args:
        parameters: The merged tree: base, environment and command line.

    Returns:
        The typed tree.

    Raises:
        ValueError: One line per problem; an unknown key comes with the nearest known
            name.
    """
    try:
        return ProjectParams.model_validate(parameters)
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors()]
        raise ValueError("Parameters:\n" + "\n".join(f"- {x}" for x in lines)) from None


def _explain(problem: Any) -> str:
    path = [str(part) for part in problem["loc"] if part != "[key]"]
    name, message = ".".join(path), problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"'{name}' is not a parameter; {_hint(path)}"
    if problem["type"] == "missing":
        return f"'{name}' is missing; set it in conf/<environment>/parameters.yml"
    if problem["type"] == "string_type":
        message += "; put it in quotes"
    # An address may hold a password, and a whole section says little.
    is_secret = path[:2] == ["embedding", "openai"]
    if not path or is_secret or isinstance(problem["input"], dict):
        return f"'{name}': {message}" if path else message
    return f"'{name}' = {problem['input']!r}: {message}"


def _hint(path: list[str]) -> str:
    """The most similar known names; one elsewhere must be clearly nearer."""
    known = [_placed(names, path) for names in _known_names(ProjectParams)]
    known = [names for names in known if _ANY not in names]
    siblings = [names for names in known if names[:-1] == path[:-1]]

    def score(names: list[str]) -> float:
        return likeness(path[-1], names[-1]) + 0.1 * (names in siblings)

    best = max(map(score, known))
    if best >= LEAST_LIKENESS + 0.1:
        return did_you_mean(".".join(x) for x in known if score(x) == best)
    return f"known here: {', '.join(sorted(x[-1] for x in siblings)) or 'nothing'}"


_ANY = "*"


def _placed(names: list[str], path: list[str]) -> list[str]:
    """A known path, with the names that the user chose filled in."""
    chosen = [*path, *[_ANY] * len(names)]
    return [chosen[i] if name == _ANY else name for i, name in enumerate(names)]


def _known_names(
    model: type[BaseModel], section: tuple[str, ...] = ()
) -> list[list[str]]:
    """Every key of the tree, sections and values alike, as a path from the root.

    ``*`` stands for a name that the user chooses.
    """
    names = []
    for name, field in model.model_fields.items():
        names.append([*section, name])
        for free, kind in _models_in(field.annotation):
            names += _known_names(kind, (*section, name, *free))
    return names


def _models_in(kind: Any) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """Parameter models of a field, and the free names that lead to them."""
    arguments = typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield (), kind
    elif typing.get_origin(kind) is dict:
        for free, found in _models_in(arguments[1]):
            yield (_ANY, *free), found
    else:
        for argument in arguments:
            yield from _models_in(argument)
