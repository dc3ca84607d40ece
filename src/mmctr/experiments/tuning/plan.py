"""A study: its name, its trials' parameters, and the points of a grid."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mmctr.content.quantizers import RESULT_VERSION as QUANTIZERS_VERSION
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CtrParams
from mmctr.experiments.common import (
    drop_unused_settings,
    fit_to_inputs,
    merge_overrides,
    resolve_sections,
    sections,
    training_hash,
)
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.tuning.space import decode_point, grid_points, nest
from mmctr.runtime.params import Params

logger = logging.getLogger(__name__)


class TuningPlan(Params):
    """Everything about a study; JSON by ``model_dump(mode="json")``."""

    study: str
    params: TuningParams
    quantization: QuantizationParams
    ctr_modeling: CtrParams
    inputs: dict[str, Any]
    points: list[dict[str, Any]] | None
    """Points of a grid, as a study holds them; None for other samplers."""

    @property
    def base(self) -> dict[str, Any]:
        """The project's parameters as nested sections."""
        return sections(self.quantization, self.ctr_modeling)

    def overrides(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters that a trial sets, with those of the budget."""
        return trial_overrides(self.params, values)

    def resolve(
        self, values: Mapping[str, Any]
    ) -> tuple[QuantizationParams, CtrParams]:
        """The parameters of one trial.

        Args:
            values: By dotted name, from :func:`mmctr.experiments.tuning.space.suggest`.

        Returns:
            Both sections, with ``stated`` features decided.

        Raises:
            ValueError: If the values make no model, or leave items of these data
                without any feature.
        """
        quantization, ctr = resolve(
            self.params, values, self.quantization, self.ctr_modeling
        )
        fitted = fit_to_inputs(ctr, self.inputs)
        if fitted is None:
            raise ValueError(
                "items are left without any feature; choose "
                "ctr_modeling.features.item_id=true with such values"
            )
        return quantization, fitted


def trial_overrides(params: TuningParams, values: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides of the project's sections by a trial.

    Args:
        params: The budget and the objective, which also chooses the weights.
        values: By dotted name.
    """
    training = {**params.budget.training, "monitor": params.objective}
    return merge_overrides({"ctr_modeling": {"training": training}}, nest(values))


def resolve(
    params: TuningParams,
    values: Mapping[str, Any],
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
) -> tuple[QuantizationParams, CtrParams]:
    """Put a trial's values over the project's parameters.

    Args:
        params: Budget and objective.
        values: By dotted name.
        quantization: The project's.
        ctr_modeling: The project's.

    Returns:
        Both, checked.

    Raises:
        pydantic.ValidationError: If a name is unknown or a value out of range; the
            places are named from the section.
        ValueError: If the values make no model.
    """
    overrides = trial_overrides(params, values)
    return resolve_sections(quantization, ctr_modeling, overrides)


def make_plan(
    params: TuningParams,
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
    inputs: dict[str, Any],
) -> TuningPlan:
    """Name the study by a hash of all that goes into its trials.

    Args:
        params: Space, sampler, budget.
        quantization: What the space varies.
        ctr_modeling: What the space varies.
        inputs: ``train``, ``valid`` and ``items`` (fingerprints), ``has_tags``,
            ``modalities`` and ``levels_from``.

    Returns:
        The plan; n_trials is not part of the name, so more of them go on.

    Raises:
        ValueError: If no point of a grid makes a model.
    """
    key = training_hash(
        QUANTIZERS_VERSION,
        [
            [name, each.model_dump()]
            for name, each in sorted(params.chosen_space.items())
        ],
        params.model_dump(exclude={"space", "n_trials"}),
        drop_unused_settings(quantization.model_dump()),
        drop_unused_settings(ctr_modeling.model_dump()),
        [quantization.seed, ctr_modeling.seed],
        inputs,
    )
    plan = TuningPlan(
        study=f"{params.sampler}-{key}",
        params=params,
        quantization=quantization,
        ctr_modeling=ctr_modeling,
        inputs=inputs,
        points=None,
    )
    if params.sampler != "grid":
        return plan
    return plan.model_copy(update={"points": _possible_points(plan)})


def _possible_points(plan: TuningPlan) -> list[dict[str, Any]]:
    space = plan.params.chosen_space
    possible, reason = [], ""
    points = grid_points(space, plan.base)
    for point in points:
        try:
            plan.resolve(decode_point(point, space))
        except ValidationError as error:
            reason = str(error.errors()[0]["msg"])
        except ValueError as error:
            reason = str(error)
        else:
            possible.append(point)
    if not possible:
        raise ValueError(f"tuning: no point of the grid makes a model: {reason}")
    if len(possible) < len(points):
        logger.warning(
            "%d of %d points of the grid are left out: %s",
            len(points) - len(possible),
            len(points),
            reason,
        )
    return possible
