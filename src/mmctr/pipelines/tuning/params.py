"""Parameters of tuning: the space, how it is searched, and the budget of a trial."""

import difflib
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

from mmctr.pipelines.experiments import BudgetParams

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
        near = difflib.get_close_matches(section, SECTIONS, n=1, cutoff=0)
        hint = f"{near[0]}.{rest}"
        raise ValueError(
            f"names begin with {' or '.join(SECTIONS)}; did you mean '{hint}'?"
        )
    for shared, place in _SHARED.items():
        if name == shared or name.startswith(f"{shared}."):
            raise ValueError(
                f"it is the same for all trials, or they could not be compared; set "
                f"it by {place}"
            )
    return name


ParameterName = Annotated[str, AfterValidator(_may_vary)]


class DistributionParams(BaseModel):
    """Values that a parameter may take: some choices, or numbers of a range."""

    model_config = ConfigDict(extra="forbid")

    choices: list[Any] | None = Field(
        None, min_length=1, description="values, lists among them if need be"
    )
    type: Literal["int", "float"] | None = Field(
        None, description="of the numbers of a range"
    )
    low: float | None = Field(None, description="the smallest number")
    high: float | None = Field(None, description="the largest number")
    step: int | None = Field(None, ge=1, description="between whole numbers; 1")
    log: bool = Field(False, description="drawn evenly on a logarithmic scale")

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
        return (
            list(self.choices) if self.choices else self._numbers(self.low, self.high)
        )

    @property
    def grid(self) -> list[Any] | None:
        """All values, as a study's file has them; None if they can't be counted."""
        if self.choices:
            return list(self.labels)
        if self.type != "int" or self.log:
            return None
        low, high = self._numbers(self.low, self.high)
        return list(range(low, high + 1, self.step or 1))

    def _numbers(self, *values: Any) -> list[Any]:
        return [int(x) if self.type == "int" else x for x in values]

    @model_validator(mode="after")
    def _is_one_of_three(self) -> Self:
        numbers = {"low": self.low, "high": self.high, "step": self.step}
        given = [name for name, value in numbers.items() if value is not None]
        if self.choices is not None:
            if self.type or given or self.log:
                raise ValueError(
                    f"choices stand alone, without {', '.join(given) or 'type or log'}"
                )
            if len(self.labels) < len(self.choices):
                raise ValueError("a choice is there twice")
            return self
        if self.type is None or self.low is None or self.high is None:
            raise ValueError(
                "give `choices: [..]`, or `type: int` or `type: float` with low and "
                "high"
            )
        if self.low >= self.high:
            raise ValueError(f"low={self.low:g} is not under high={self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithm needs low above 0, and it is {self.low:g}")
        if self.step is not None and (self.log or self.type == "float"):
            raise ValueError("step goes with `type: int` without log")
        if self.type == "int" and not (
            self.low.is_integer() and self.high.is_integer()
        ):
            raise ValueError("low and high of `type: int` are whole numbers")
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
