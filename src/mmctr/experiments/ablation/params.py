"""Parameters of the ablation: arms, their candidates, and the budget of all."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mmctr.experiments.common import BUDGETED, BudgetParams
from mmctr.runtime.params import Params

EVERY_ARM = "all"
STANDARD_ARMS = "standard"

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.]*$"
Name = Annotated[str, Field(pattern=_NAME)]

# All arms have these in common, or they could not be compared.
_SHARED = ("seed", "device", "progress", "evaluation", "submission")
_SHARED_TRAINING = (
    *BUDGETED,
    "seeds",
    "refit",
    "batch_size",
    "max_history",
    "monitor",
    "precision",
)


def _of_one_arm(overrides: dict[str, Any]) -> dict[str, Any]:
    training = overrides.get("training")
    training = training if isinstance(training, dict) else {}
    common = [name for name in _SHARED if name in overrides]
    common += [f"training.{name}" for name in _SHARED_TRAINING if name in training]
    if common:
        raise ValueError(
            f"'{common[0]}' is the same for all arms, or they could not be compared; "
            "set it under ablation.budget, or for the whole project"
        )
    return overrides


Overrides = Annotated[dict[str, Any], AfterValidator(_of_one_arm)]


class CandidateParams(Params):
    """One setting that an arm may choose on valid; keys as in the named section."""

    quantization: Overrides = {}
    """Overrides of `quantization`."""
    ctr_modeling: Overrides = {}
    """Overrides of `ctr_modeling`."""


class ArmParams(CandidateParams):
    """One way in which the content of items enters the model."""

    kind: Literal[
        "none", "continuous", "similarity", "codes", "project", "trees", "mean"
    ]
    """Form of content it stands for; ctr_modeling.features.content is this unless the
    arm overrides it. One of project has the project's content and all its statistics.
    Two are not trained here: trees are the boosted trees of pipeline baselines, and a
    mean averages the logits of other arms."""
    of: list[Name] = []
    """Arms that a mean averages, two at least, which then take part too."""
    statistics: Literal["content_free", "all"] = "content_free"
    """Which of the project's ctr_modeling.features.statistics its models have: those
    that are not made of modalities, or all; kind: project has all."""
    standard: bool = True
    """Whether it takes part with only=standard."""
    candidates: dict[Name, CandidateParams | None] | None = None
    """Replace ablation.candidates; null leaves one out."""

    @property
    def is_trained(self) -> bool:
        """Whether models of its own are trained."""
        return self.kind not in ("trees", "mean")

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if self.kind != "mean" and self.of:
            raise ValueError(f"kind is {self.kind}, and 'of' goes with kind: mean")
        if self.kind == "mean" and len(self.of) < 2:
            raise ValueError("kind is mean, which needs two arms at least in 'of'")
        own = self.quantization or self.ctr_modeling or self.candidates
        if not self.is_trained and (own or self.statistics == "all"):
            raise ValueError(
                f"kind is {self.kind}, which is not trained here and has no settings, "
                "candidates or statistics of its own"
            )
        return self


class AblationParams(Params):
    """Arms x seeds under one budget, chosen on valid, reported once on test."""

    arms: dict[Name, ArmParams | None]
    """Arms by name; null leaves one out."""
    only: str = STANDARD_ARMS
    """standard: the arms that are marked so; all; or names joined by +."""
    control: str = "none"
    """The arm that others are compared with."""
    rival: str = "continuous"
    """A second such arm, in table and figure."""
    comparisons: list[tuple[Name, Name]] = []
    """More differences to report: pairs of an arm and the one that is subtracted from
    it. A pair with an arm that does not take part is left out."""
    candidates: dict[Name, CandidateParams | None]
    """Settings that every arm tries, unless it has its own."""
    choose_by: Literal["auc", "gauc", "logloss"] = "gauc"
    """Metric on valid that chooses the candidate; the lowest logloss is the best."""
    seeds: int = Field(3, ge=1)
    """Trainings of each arm: seed, seed + 1, .."""
    candidate_seeds: int = Field(1, ge=1)
    """Number of these seeds that each candidate is tried with."""
    resample_seeds: bool = True
    """Whether intervals cover other seeds as well as other users."""
    processes: int | None = Field(None, ge=1)
    """Trainings at once, each in a process of one thread; 1: one by one, with all
    threads; null: as many as torch would use threads and memory allows, on a GPU one by
    one."""
    budget: BudgetParams
    test_share: float = Field(0.5, gt=0, lt=1)
    """Share of valid users held back as test where test has no labels."""
    seed: int = Field(ge=0)
    """First seed of the trainings, and seed of every draw of rows."""

    @property
    def all_seeds(self) -> list[int]:
        """Seeds of the trainings of every arm."""
        return [self.seed + number for number in range(self.seeds)]

    @property
    def chosen_arms(self) -> dict[str, ArmParams]:
        """The arms that take part by name, the control first, parts before means."""
        arms = {name: arm for name, arm in self.arms.items() if arm is not None}
        if self.only == STANDARD_ARMS:
            chosen = [name for name, arm in arms.items() if arm.standard]
        else:
            chosen = list(arms) if self.only == EVERY_ARM else _names(self.only)
        whole = [self.control, *chosen]
        names = dict.fromkeys(x for name in whole for x in (*arms[name].of, name))
        return {name: arms[name] for name in names}

    def candidates_of(self, arm: ArmParams) -> dict[str, CandidateParams]:
        """Candidates of an arm; ``default`` if there are none."""
        given = self.candidates if arm.candidates is None else arm.candidates
        found = {name: each for name, each in given.items() if each is not None}
        return found or {"default": CandidateParams()}

    @model_validator(mode="after")
    def _arms_are_there(self) -> Self:
        arms = {name: arm for name, arm in self.arms.items() if arm is not None}
        known = list(arms)
        trained = [name for name, arm in arms.items() if arm.is_trained]
        scored = [name for name, arm in arms.items() if arm.kind != "mean"]
        asked = {"control": [self.control]}
        # One that an environment leaves out by null is no mistake.
        listed = [name for pair in self.comparisons for name in pair]
        asked["comparisons"] = [name for name in listed if name not in self.arms]
        if self.only not in {STANDARD_ARMS, EVERY_ARM}:
            asked["only"] = _names(self.only)
        for field, names in asked.items():
            unknown = [name for name in names if name not in known]
            if unknown:
                raise ValueError(
                    f"'{field}' names the arm '{unknown[0]}', and there is none; "
                    f"known here: {', '.join(known) or 'nothing'}"
                )
        for field, names, allowed in (
            ("control", [self.control], trained),
            *((f"arms.{name}.of", arm.of, scored) for name, arm in arms.items()),
        ):
            others = [name for name in names if name not in allowed]
            if others:
                raise ValueError(
                    f"'{field}' names the arm '{others[0]}'; use one of these: "
                    f"{', '.join(allowed)}"
                )
        if self.candidate_seeds > self.seeds:
            raise ValueError(
                f"candidate_seeds={self.candidate_seeds} is more than "
                f"seeds={self.seeds}"
            )
        return self


def _names(joined: str) -> list[str]:
    return [name.strip() for name in joined.split("+")]
