"""Which models an ablation trains, and the name of each result."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.features.content import NO_CONTENT
from mmctr.ctr.params import CtrParams
from mmctr.experiments.ablation.params import (
    AblationParams,
    ArmParams,
    CandidateParams,
)
from mmctr.experiments.common import (
    SECTIONS,
    BudgetParams,
    codes_name,
    drop_unused_settings,
    fit_to_inputs,
    resolve_sections,
    training_hash,
)
from mmctr.runtime.params import Params


class RunName(NamedTuple):
    """One training; ``result`` is its name in the store, with a hash of its inputs."""

    arm: str
    candidate: str
    seed: int
    result: str


class PlannedSetting(Params):
    """One candidate of an arm, with all parameters resolved."""

    quantization: QuantizationParams
    ctr_modeling: CtrParams
    codes: str | None
    """Name of its codes; None where it has none."""
    results: dict[int, str]
    """Name of its result by seed."""


class PlannedArm(Params):
    """One arm, its candidates by name."""

    kind: str
    candidates: dict[str, PlannedSetting]
    left_out: dict[str, str]
    """Candidates that are not trained, with the reason."""


class AblationPlan(Params):
    """All trainings of an ablation; JSON by ``model_dump(mode="json")``."""

    arms: dict[str, PlannedArm]
    params: AblationParams
    inputs: dict[str, Any]

    @property
    def seeds(self) -> list[int]:
        """Seeds of the trainings of every arm."""
        return [self.params.seed + number for number in range(self.params.seeds)]

    def trials(self) -> Iterator[RunName]:
        """Trainings that choose between the candidates of an arm."""
        for name, arm in self.arms.items():
            if len(arm.candidates) > 1:
                for candidate in arm.candidates:
                    yield from self._runs(name, candidate, self.params.candidate_seeds)

    def runs(self, choice: Mapping[str, str]) -> Iterator[RunName]:
        """Trainings of the chosen candidate of every arm."""
        for name in self.arms:
            yield from self._runs(name, choice[name], self.params.seeds)

    def _runs(self, arm: str, candidate: str, seeds: int) -> Iterator[RunName]:
        results = self.arms[arm].candidates[candidate].results
        for seed in self.seeds[:seeds]:
            yield RunName(arm, candidate, seed, results[seed])


def resolve(
    arm: ArmParams,
    candidate: CandidateParams,
    budget: BudgetParams,
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
) -> tuple[QuantizationParams, CtrParams]:
    """Put the budget, an arm and a candidate over a project's parameters.

    Args:
        arm: Overrides both sections.
        candidate: Overrides the arm.
        budget: Limits of every training.
        quantization: The project's.
        ctr_modeling: The project's.

    Returns:
        The parameters of one model.

    Raises:
        pydantic.ValidationError: If a key is unknown or a value out of range; the
            places are named from the section, without the arm.
        ValueError: If the content is not what the arm's kind says, or the model takes
            prefixes of codes that have none.
    """
    common = {"training": budget.training, "features": {"content": arm.kind}}
    codes, model = resolve_sections(
        quantization,
        ctr_modeling,
        {"ctr_modeling": common},
        *(each.model_dump(include=SECTIONS) for each in (arm, candidate)),
    )
    if arm.kind not in (model.features.forms or (NO_CONTENT,)):
        raise ValueError(
            f"kind is {arm.kind}, and ctr_modeling.features.content is "
            f"{model.features.content}; one must be part of the other"
        )
    return codes, model


def make_plan(
    params: AblationParams,
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
    inputs: dict[str, Any],
) -> AblationPlan:
    """Plan every training.

    Args:
        params: Arms, candidates, budget.
        quantization: What arms override.
        ctr_modeling: What arms override.
        inputs: From :func:`mmctr.experiments.common.describe_inputs`.

    Returns:
        The plan.

    Raises:
        ValueError: If no candidate of an arm is left.
    """
    seeds = [params.seed + number for number in range(params.seeds)]
    planned = {}
    for name, arm in params.chosen_arms.items():
        settings: dict[str, PlannedSetting] = {}
        left_out: dict[str, str] = {}
        keys: dict[str, str] = {}
        for label, candidate in params.candidates_of(arm).items():
            own, ctr = resolve(
                arm, candidate, params.budget, quantization, ctr_modeling
            )
            fitted = fit_to_inputs(ctr, inputs)
            if fitted is None:
                left_out[label] = "it leaves items without any feature here"
                continue
            codes = None
            if fitted.features.need_codes:
                codes = codes_name(own, inputs["items"])
            key = training_hash(
                drop_unused_settings(fitted.model_dump()),
                codes,
                params.budget.model_dump(),
                [params.seed, params.test_share],
                inputs,
            )
            if key in keys:
                left_out[label] = f"it is '{keys[key]}' with these parameters"
                continue
            keys[key] = label
            settings[label] = PlannedSetting(
                quantization=own,
                ctr_modeling=fitted,
                codes=codes,
                results={seed: f"{name}/{label}/seed_{seed}-{key}" for seed in seeds},
            )
        if not settings:
            raise ValueError(
                f"ablation: arm '{name}' leaves items of this data set without any "
                f"feature in each of its candidates ({', '.join(left_out)}); give it "
                "one with ctr_modeling: {features: {item_id: true}}, or set it to null"
            )
        planned[name] = PlannedArm(
            kind=arm.kind, candidates=settings, left_out=left_out
        )
    return AblationPlan(arms=planned, params=params, inputs=inputs)
