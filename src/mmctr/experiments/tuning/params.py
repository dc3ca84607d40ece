"""Parameters of tuning: the space, how it is searched, and the budget of a trial."""

import json
from collections.abc import Mapping
from functools import reduce
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from mmctr.experiments.common import BUDGETED, BudgetParams
from mmctr.experiments.varied_params import SECTIONS, merge_overrides
from mmctr.runtime.params import Params
from mmctr.runtime.suggestions import did_you_mean, likeness

# All trials have these in common; the values say where they are set.
_SHARED = {
    "quantization.seed": "seed",
    "quantization.device": "device",
    "quantization.progress": "quantization.progress",
    "quantization.health": "quantization.health",
    "ctr_modeling.seed": "seed",
    "ctr_modeling.device": "device",
    "ctr_modeling.progress": "ctr_modeling.progress",
    "ctr_modeling.evaluation": "ctr_modeling.evaluation",
    "ctr_modeling.submission": "ctr_modeling.submission",
    "ctr_modeling.training.seeds": "no more than 1",
    "ctr_modeling.training.refit": "none",
    "ctr_modeling.training.monitor": "tuning.objective",
    **{f"ctr_modeling.training.{name}": f"tuning.budget.{name}" for name in BUDGETED},
}


def _may_vary(name: str) -> str:
    section, _, rest = name.partition(".")
    if section not in SECTIONS:
        near = max(SECTIONS, key=lambda known: likeness(section, known))
        hint = did_you_mean([f"{near}.{rest}"])
        raise ValueError(f"names begin with {' or '.join(SECTIONS)}; {hint}")
    for shared, place in _SHARED.items():
        if name == shared or name.startswith(f"{shared}."):
            raise ValueError(
                f"it is the same for all trials, or they could not be compared; set "
                f"it by {place}"
            )
    return name


ParameterName = Annotated[str, AfterValidator(_may_vary)]


class FloatRangeParams(Params):
    """Real numbers from low to high, both included."""

    low: float
    """Smallest value."""
    high: float
    """Largest value."""
    log: bool = False
    """Drawn evenly on a logarithmic scale."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(
                f"expected low below high, got low={self.low:g}, high={self.high:g}"
            )
        if self.log and self.low <= 0:
            raise ValueError(f"log: true needs low above 0, got low={self.low:g}")
        return self


class IntRangeParams(FloatRangeParams):
    """Integers from low to high, both included."""

    low: int
    """Smallest value."""
    high: int
    """Largest value."""
    step: int = Field(1, ge=1)
    """Difference between neighbouring values."""

    @model_validator(mode="after")
    def _steps_evenly(self) -> Self:
        if self.log and self.step > 1:
            raise ValueError("step and log can't be combined")
        return self

    @property
    def steps(self) -> range:
        """All numbers that the steps reach."""
        return range(self.low, self.high + 1, self.step)


class DistributionParams(Params):
    """Values that a parameter may take; exactly one of the three is given."""

    choices: list[Any] | None = Field(None, min_length=1)
    """Possible values, which may be lists."""
    int: IntRangeParams | None = None
    float: FloatRangeParams | None = None

    @property
    def labels(self) -> dict[Any, Any]:
        """Each choice by its label in a study, which holds no lists."""
        return {
            json.dumps(value) if isinstance(value, list | dict) else value: value
            for value in self.choices or []
        }

    @property
    def edges(self) -> list[Any]:
        """Values that are valid for a parameter only if all of them are."""
        if self.choices:
            return list(self.choices)
        numbers = self.int or self.float
        return [numbers.low, numbers.high] if numbers else []

    @property
    def grid(self) -> list[Any] | None:
        """All values as a study holds them; None if they can't be listed."""
        if self.choices:
            return list(self.labels)
        if self.int is None or self.int.log:
            return None
        return list(self.int.steps)

    @model_validator(mode="after")
    def _is_one_of_three(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name)]
        if not given:
            raise ValueError(
                "give choices: [..], int: {low: .., high: ..} or float: {low: .., "
                "high: ..}"
            )
        if len(given) > 1:
            raise ValueError(
                f"{' and '.join(given)} are both given; put null in place of the one "
                f"that another file sets, as in {{{given[1]}: null}}"
            )
        if len(self.labels) < len(self.choices or []):
            raise ValueError("a choice is given twice")
        return self


class PruningParams(Params):
    """When a trial is stopped at a validation."""

    method: Literal["median", "hyperband", "none"] = "median"
    """median: its best so far is under the median of the others at that validation
    (Golovin et al., 2017); hyperband: of the trials of a bracket the best third
    continues (Li et al., 2018)."""
    startup_trials: int = Field(5, ge=0)
    """Finished trials before the median stops any."""
    warmup_validations: int = Field(1, ge=0)
    """Validations of each trial before it can be stopped."""


class TuningParams(Params):
    """Trials of settings under one budget, judged by valid."""

    space: dict[ParameterName, DistributionParams | None]
    """Values by the dotted name of a parameter; null leaves one out."""
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    """How trials are chosen; grid: every combination once, whatever n_trials says."""
    startup_trials: int = Field(10, ge=1)
    """Trials drawn at random before tpe learns from them."""
    n_trials: int = Field(30, ge=1)
    """Trials of all runs and processes together."""
    objective: Literal["gauc", "auc"] = "gauc"
    """Metric on valid; it also chooses the weights of a training."""
    pruning: PruningParams = Field(default_factory=PruningParams)
    budget: BudgetParams
    seed: int = Field(ge=0)
    """Seed of the sampler and of drawn rows."""

    @property
    def chosen_space(self) -> dict[str, DistributionParams]:
        """The entries that take part."""
        return {name: each for name, each in self.space.items() if each is not None}

    def overrides(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Overrides of a project's sections by a trial.

        Args:
            values: By dotted name.

        Returns:
            Nested sections: the values, the budget, and the objective, which also
            chooses the weights.
        """
        common = {**self.budget.training, "monitor": self.objective}
        nested = {"ctr_modeling": {"training": common}}
        for name, value in values.items():
            below = reduce(lambda x, part: {part: x}, reversed(name.split(".")), value)
            nested = merge_overrides(nested, below)
        return nested

    @field_validator("space")
    @classmethod
    def _holds_something(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not any(value.values()):
            raise ValueError("there is nothing to tune; give at least one parameter")
        return value

    @model_validator(mode="after")
    def _a_grid_can_be_counted(self) -> Self:
        if self.sampler == "grid":
            for name, distribution in self.chosen_space.items():
                if distribution.grid is None:
                    raise ValueError(
                        f"sampler=grid can't list the values of '{name}'; give "
                        "choices, or integers without log"
                    )
        return self
