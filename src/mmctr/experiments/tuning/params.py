"""Parameters of tuning: the space, how it is searched, and the budget of a trial."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from mmctr.experiments.common import BudgetParams
from mmctr.runtime.suggestions import did_you_mean, likeness

SECTIONS = ("quantization", "ctr_modeling")

# What all trials must have in common, and where that is set.
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
    "ctr_modeling.training.monitor": "tuning.objective",
    **{
        f"ctr_modeling.training.{name}": f"tuning.budget.{name}"
        for name in ("max_epochs", "validations_per_epoch", "patience", "lr_patience")
    },
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


def _require_range(low: float, high: float, *, log: bool) -> None:
    if low >= high:
        raise ValueError(f"low={low:g} is not under high={high:g}")
    if log and low <= 0:
        raise ValueError(f"a logarithm needs low above 0, and it is {low:g}")


ParameterName = Annotated[str, AfterValidator(_may_vary)]


class IntRangeParams(BaseModel):
    """Whole numbers, both ends among them."""

    model_config = ConfigDict(extra="forbid")

    low: int = Field(description="the smallest value")
    high: int = Field(description="the largest")
    step: int = Field(1, ge=1, description="between two of them")
    log: bool = Field(False, description="drawn evenly on a logarithmic scale")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        _require_range(self.low, self.high, log=self.log)
        if self.log and self.step > 1:
            raise ValueError("step and log do not go together")
        return self

    @property
    def last(self) -> int:
        """The highest number that the steps reach."""
        return self.high - (self.high - self.low) % self.step


class FloatRangeParams(BaseModel):
    """Real numbers, both ends among them."""

    model_config = ConfigDict(extra="forbid")

    low: float = Field(description="the smallest value")
    high: float = Field(description="the largest")
    log: bool = Field(False, description="drawn evenly on a logarithmic scale")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        _require_range(self.low, self.high, log=self.log)
        return self


class DistributionParams(BaseModel):
    """Values that a parameter may take; one of the three is given."""

    model_config = ConfigDict(extra="forbid")

    choices: list[Any] | None = Field(
        None, min_length=1, description="values, lists among them if need be"
    )
    int: IntRangeParams | None = None
    float: FloatRangeParams | None = None

    @property
    def labels(self) -> dict[Any, Any]:
        """What a study's file has in place of each choice, and the choice."""
        return {
            json.dumps(value) if isinstance(value, list | dict) else value: value
            for value in self.choices or []
        }

    @property
    def edges(self) -> list[Any]:
        """Values that tell whether all of them are in a parameter's range."""
        if self.choices:
            return list(self.choices)
        numbers = self.int or self.float
        return [numbers.low, numbers.high] if numbers else []

    @property
    def grid(self) -> list[Any] | None:
        """All values, as a study's file has them; None if they can't be counted."""
        if self.choices:
            return list(self.labels)
        if self.int is None or self.int.log:
            return None
        return list(range(self.int.low, self.int.high + 1, self.int.step))

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
                f"{' and '.join(given)} are both there; put null in place of the one "
                f"that another file sets, as in {{{given[1]}: null}}"
            )
        if len(self.labels) < len(self.choices or []):
            raise ValueError("a choice is there twice")
        return self


class PruningParams(BaseModel):
    """When a trial is given up at a validation."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["median", "hyperband", "none"] = Field(
        "median",
        description="median: its best so far is under the median of the others at "
        "that validation (Golovin et al., 2017); hyperband: of the trials of a "
        "bracket the best third goes on (Li et al., 2018)",
    )
    startup_trials: int = Field(
        5, ge=0, description="finished trials before the median gives any up"
    )
    warmup_validations: int = Field(
        1, ge=0, description="of each trial, before it can be given up"
    )


class TuningParams(BaseModel):
    """Trials of settings under one budget, judged by valid."""

    model_config = ConfigDict(extra="forbid")

    space: dict[ParameterName, DistributionParams | None] = Field(
        description="by the dotted name of a parameter; null leaves one out"
    )
    sampler: Literal["tpe", "random", "grid"] = Field(
        "tpe", description="grid: every combination once, whatever n_trials says"
    )
    startup_trials: int = Field(
        10, ge=1, description="trials drawn at random before tpe learns from them"
    )
    n_trials: int = Field(30, ge=1, description="of all runs and processes together")
    objective: Literal["gauc", "auc"] = Field(
        "gauc", description="on valid; chooses the weights of a training as well"
    )
    pruning: PruningParams = Field(default_factory=PruningParams)
    budget: BudgetParams
    seed: int = Field(ge=0, description="of sampler and drawn rows")

    @property
    def chosen_space(self) -> dict[str, DistributionParams]:
        """The entries that take part."""
        return {name: each for name, each in self.space.items() if each is not None}

    @field_validator("space")
    @classmethod
    def _holds_something(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not any(value.values()):
            raise ValueError("there is nothing to tune; give a parameter")
        return value

    @model_validator(mode="after")
    def _a_grid_can_be_counted(self) -> Self:
        if self.sampler == "grid":
            for name, distribution in self.chosen_space.items():
                if distribution.grid is None:
                    raise ValueError(
                        f"sampler=grid can't count the values of '{name}'; give "
                        "choices, or whole numbers without log"
                    )
        return self
