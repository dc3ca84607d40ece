"""Which models an ablation trains, and the name of each result."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmctr.ctr.features.content import NO_CONTENT
from mmctr.data.row_statistics.params import CONTENT_KINDS
from mmctr.experiments.ablation.params import AblationParams, ArmParams, CandidateParams
from mmctr.experiments.common import training_hash
from mmctr.experiments.varied_params import SECTIONS, VariedParams
from mmctr.runtime.params import Params


class RunName(NamedTuple):
    """One training; ``result`` is its name in the store, with a hash of its inputs."""

    arm: str
    candidate: str
    seed: int
    result: str


class PlannedSetting(VariedParams):
    """One candidate of an arm, with all parameters resolved."""

    codes: str | None
    """Name of its codes; None where it has none."""
    key: str
    """Hash of what goes into its trainings; the end of their results' names."""


class PlannedArm(Params):
    """One arm, its candidates by name."""

    kind: str
    candidates: dict[str, PlannedSetting]
    """None where no model of its own is trained."""
    left_out: dict[str, str]
    """Candidates that are not trained, with the reason."""
    of: list[str]
    """Arms whose logits it averages."""


class AblationPlan(Params):
    """All trainings of an ablation; JSON by ``model_dump(mode="json")``."""

    arms: dict[str, PlannedArm]
    params: AblationParams
    inputs: dict[str, Any]

    def codes(self) -> dict[str, PlannedSetting]:
        """One of the settings that use them, by the name of the codes."""
        return {
            setting.codes: setting
            for arm in self.arms.values()
            for setting in arm.candidates.values()
            if setting.codes is not None
        }

    def trials(self) -> Iterator[RunName]:
        """Trainings that choose between the candidates of an arm."""
        for name, arm in self.arms.items():
            if len(arm.candidates) > 1:
                for candidate in arm.candidates:
                    yield from self._runs(name, candidate, self.params.candidate_seeds)

    def runs(self, choice: Mapping[str, str]) -> Iterator[RunName]:
        """Trainings of the chosen candidate of every arm."""
        for name in self.trained:
            yield from self._runs(name, choice[name], self.params.seeds)

    @property
    def trained(self) -> dict[str, PlannedArm]:
        """The arms that have trainings of their own."""
        return {name: arm for name, arm in self.arms.items() if arm.candidates}

    def _runs(self, arm: str, candidate: str, seeds: int) -> Iterator[RunName]:
        key = self.arms[arm].candidates[candidate].key
        for seed in self.params.all_seeds[:seeds]:
            result = f"{arm}/{candidate}/seed_{seed}-{key}"
            yield RunName(arm, candidate, seed, result)


def resolve(
    arm: ArmParams,
    candidate: CandidateParams,
    params: AblationParams,
    base: VariedParams,
) -> VariedParams:
    """Put the budget, an arm and a candidate over a project's parameters.

    Arms of a content ask what it is worth. So those with ``content_free`` statistics
    lack the project's kinds that are made of content, unless they override
    ``ctr_modeling.features.statistics`` themselves. Arms of the project ask what its
    other settings are worth, and keep its content and statistics.

    Args:
        arm: Overrides both sections.
        candidate: Overrides the arm.
        params: Has the budget.
        base: The project's.

    Returns:
        The parameters of one model.

    Raises:
        pydantic.ValidationError: If a key is unknown or a value out of range; the
            places are named from the section, without the arm.
        ValueError: If the content is not what the arm's kind says, or the model takes
            prefixes of codes that have none.
    """
    of_project = arm.kind == "project"
    statistics = [
        kind
        for kind in base.ctr_modeling.features.statistics
        if arm.statistics == "all" or kind not in CONTENT_KINDS
    ]
    content = {"content": arm.kind, "statistics": statistics}
    common = {
        "training": params.budget.training,
        "features": {} if of_project else content,
    }
    model = base.override(
        {"ctr_modeling": common},
        *(each.model_dump(include=set(SECTIONS)) for each in (arm, candidate)),
    )
    features = model.ctr_modeling.features
    if not of_project and arm.kind not in (features.forms or (NO_CONTENT,)):
        raise ValueError(
            f"kind is {arm.kind}, and ctr_modeling.features.content is "
            f"{features.content}; one must be part of the other"
        )
    return model


def make_plan(
    params: AblationParams, base: VariedParams, inputs: dict[str, Any]
) -> AblationPlan:
    """Plan every training.

    Args:
        params: Arms, candidates, budget.
        base: What arms override.
        inputs: From :func:`mmctr.experiments.common.describe_inputs`.

    Returns:
        The plan.

    Raises:
        ValueError: If no candidate of an arm is left.
    """
    planned = {}
    for name, arm in params.chosen_arms.items():
        settings: dict[str, PlannedSetting] = {}
        left_out: dict[str, str] = {}
        candidates = params.candidates_of(arm) if arm.is_trained else {}
        for label, candidate in candidates.items():
            resolved = resolve(arm, candidate, params, base)
            if not resolved.describes_items(inputs):
                left_out[label] = "it leaves items without any feature here"
                continue
            codes = resolved.codes_name(inputs)
            key = training_hash(
                resolved.result_settings[1],
                codes,
                params.budget.model_dump(),
                [params.seed, params.test_share],
                inputs,
            )
            same = [other for other, each in settings.items() if each.key == key]
            if same:
                left_out[label] = f"it is '{same[0]}' with these parameters"
                continue
            settings[label] = PlannedSetting(**dict(resolved), codes=codes, key=key)
        if not settings and arm.is_trained:
            raise ValueError(
                f"ablation: arm '{name}' leaves items of this data set without any "
                f"feature in each of its candidates ({', '.join(left_out)}); give it "
                "one with ctr_modeling: {features: {item_id: true}}, or set it to null"
            )
        planned[name] = PlannedArm(
            kind=arm.kind, candidates=settings, left_out=left_out, of=arm.of
        )
    return AblationPlan(arms=planned, params=params, inputs=inputs)
