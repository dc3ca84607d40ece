"""The parameters that experiments vary."""

import logging
from collections.abc import Mapping
from typing import Any, Self

from mmctr.content.quantizers import RESULT_VERSION as QUANTIZERS_VERSION
from mmctr.content.quantizers.methods import METHODS, find_method
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CheckpointParams, CtrParams
from mmctr.evaluation.params import OF_TRAINING, EvaluationParams
from mmctr.experiments.common import short_hash
from mmctr.runtime.extensions import source_hashes
from mmctr.runtime.params import Params

logger = logging.getLogger(__name__)

# They change no result of an experiment; the seed is part of names elsewhere.
_UNUSED: dict[str, Any] = dict.fromkeys(
    ("progress", "device", "checkpoint", "submission", "seed", "calibration"), True
)
_UNUSED["training"] = {"seeds", "refit"}
_UNUSED["evaluation"] = set(EvaluationParams.model_fields) - OF_TRAINING


class VariedParams(Params):
    """Those of one model: both sections that experiments vary."""

    quantization: QuantizationParams
    ctr_modeling: CtrParams

    @property
    def sections(self) -> dict[str, Any]:
        """Both as they stand in a parameter tree."""
        return self.model_dump(include=set(SECTIONS))

    @property
    def result_settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Both without their seeds and without what changes no result.

        With the hashes of own code, which may change under its name.
        """
        methods = sorted(self.quantization.methods)
        return (
            self.quantization.model_dump(exclude=_UNUSED) | source_hashes(*methods),
            self.ctr_modeling.model_dump(exclude=_UNUSED)
            | source_hashes(self.ctr_modeling.model.name),
        )

    def override(self, *overrides: Mapping[str, Any]) -> "VariedParams":
        """Put overrides over these parameters, and check the outcome.

        Args:
            overrides: With the keys ``quantization`` and ``ctr_modeling``; the last
                one wins.

        Returns:
            The parameters of another model.

        Raises:
            pydantic.ValidationError: If a key is unknown or a value out of range.
            ValueError: If the model takes prefixes of codes that have none.
        """
        merged = merge_overrides(self.sections, *overrides)
        return VariedParams.model_validate(merged).require_residual_codes()

    def require_residual_codes(self, *, of_modalities: bool = False) -> Self:
        """Refuse prefixes of codes that do not refine each other.

        Args:
            of_modalities: Also of modalities with a method of their own, which an arm
                or a trial keeps.

        Raises:
            ValueError: If the method's codes have no prefixes and the model takes them.
        """
        ctr = self.ctr_modeling
        used = "codes" in ctr.features.forms and ctr.model.code_entry == "prefix"
        own = sorted(self.quantization.methods) if of_modalities else []
        methods = [self.quantization.method, *own] if used else []
        for method in (x for x in methods if not find_method(x).residual):
            residual = [name for name, each in METHODS.items() if each.residual]
            raise ValueError(
                "'ctr_modeling.model.code_entry' = 'prefix' needs codes that refine "
                f"each other, and those of quantization.method={method} do not; use "
                f"{' or '.join(residual)}, or another code_entry"
            )
        return self

    def as_single_training(self) -> Self:
        """Leave out what an experiment decides itself.

        The folder of checkpoints, so that a plan is the same wherever the project lies,
        and further trainings of one model, which are logged.
        """
        training = self.ctr_modeling.training
        single = {"seeds": 1, "refit": "none"}
        for name, value in single.items():
            stated = getattr(training, name)
            if stated != value:
                logger.warning(
                    "ctr_modeling.training.%s=%s is ignored: experiments compare "
                    "single trainings on train alone",
                    name,
                    stated,
                )
        own = {
            "checkpoint": CheckpointParams(),
            "training": training.model_copy(update=single),
        }
        ctr = self.ctr_modeling.model_copy(update=own)
        return self.model_copy(update={"ctr_modeling": ctr})

    def describes_items(self, inputs: Mapping[str, Any]) -> bool:
        """Whether items have a feature at all.

        Args:
            inputs: From :func:`mmctr.experiments.common.describe_inputs`.
        """
        features = self.ctr_modeling.features
        of_content = {"codes", "continuous"} & set(features.forms)
        return (
            features.item_id
            or any(features.uses(name) for name in inputs["fields"])
            or bool(of_content and inputs["modalities"])
        )

    def codes_name(self, inputs: Mapping[str, Any]) -> str | None:
        """Name the model's codes by a hash of all that they and their health depend on.

        Args:
            inputs: From :func:`mmctr.experiments.common.describe_inputs`: fingerprints
                of ``items`` and of ``train``, which says which items are cold, and
                ``modalities``.

        Returns:
            The name; None if the model needs no codes.
        """
        if not self.ctr_modeling.features.need_codes:
            return None
        params = self.quantization
        by_modality = {
            name: [
                each.method,
                each.own.model_dump(),
                *source_hashes(each.method).values(),
            ]
            for name, each in params.by_modality(inputs["modalities"]).items()
        }
        key = short_hash(
            QUANTIZERS_VERSION,
            by_modality,
            params.health.model_dump(),
            params.seed,
            inputs["items"],
            inputs["train"],
        )
        return f"{params.method}-{key}"


SECTIONS = tuple(VariedParams.model_fields)
"""Names of the sections that experiments vary."""


def merge_overrides(
    base: dict[str, Any], *overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Put sections over each other, key by key; the last one wins."""
    merged = dict(base)
    for override in overrides:
        for key, value in override.items():
            below = merged.get(key)
            if isinstance(below, dict) and isinstance(value, Mapping):
                merged[key] = merge_overrides(below, value)
            else:
                merged[key] = value
    return merged
