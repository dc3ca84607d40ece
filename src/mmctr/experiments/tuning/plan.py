"""A study: its name, its trials' parameters, and the points of a grid."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mmctr.content.quantizers import RESULT_VERSION as QUANTIZERS_VERSION
from mmctr.experiments.common import training_hash
from mmctr.experiments.tuning.params import TuningParams
from mmctr.experiments.tuning.space import decode_point, grid_points
from mmctr.experiments.varied_params import VariedParams

logger = logging.getLogger(__name__)


class TuningPlan(VariedParams):
    """Everything about a study; JSON by ``model_dump(mode="json")``."""

    study: str
    params: TuningParams
    inputs: dict[str, Any]
    points: list[dict[str, Any]] | None
    """Points of a grid, as a study holds them; None for other samplers."""

    @property
    def n_trials(self) -> int:
        """Number of trials that are run in the end."""
        return self.params.n_trials if self.points is None else len(self.points)

    def resolve(self, values: Mapping[str, Any]) -> VariedParams:
        """The parameters of one trial.

        Args:
            values: By dotted name, from :func:`mmctr.experiments.tuning.space.suggest`.

        Returns:
            Both sections.

        Raises:
            ValueError: If the values make no model, or leave items of these data
                without any feature.
        """
        overrides = self.params.overrides(values)
        params = self.override(overrides)
        if not params.describes_items(self.inputs):
            raise ValueError(
                "items are left without any feature; choose "
                "ctr_modeling.features.item_id=true with such values"
            )
        return params


def make_plan(
    params: TuningParams, base: VariedParams, inputs: dict[str, Any]
) -> TuningPlan:
    """Name the study by a hash of all that goes into its trials.

    Args:
        params: Space, sampler, budget.
        base: What the space varies.
        inputs: ``train``, ``valid`` and ``items`` (fingerprints), ``has_tags``,
            ``modalities`` and ``fields``.

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
        *base.result_settings,
        [base.quantization.seed, base.ctr_modeling.seed],
        inputs,
    )
    plan = TuningPlan(
        **dict(base),
        study=f"{params.sampler}-{key}",
        params=params,
        inputs=inputs,
        points=None,
    )
    if params.sampler == "grid":
        plan.points = _possible_points(plan)
    return plan


def _possible_points(plan: TuningPlan) -> list[dict[str, Any]]:
    space = plan.params.chosen_space
    possible, reason = [], ""
    points = grid_points(space, plan.sections)
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
