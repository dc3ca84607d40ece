"""Find names of fields and modalities that are not there, as early as can be."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from mmctr.ctr.inputs.named_fields import (
    require_named_fields,
    require_named_modalities,
)
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.state import FieldState
from mmctr.experiments.ablation.plan import resolve
from mmctr.experiments.varied_params import VariedParams
from mmctr.pipelines.embedding.modalities import find_modalities
from mmctr.project.hooks.parameters import ParameterHook
from mmctr.project.params import ProjectParams

_STATE = "preparation_state"
_CONTENTS = "item_contents"


class NamedFieldsHook:
    """Check the names of fields and modalities before any embedding or training.

    Args:
        checked: Has the parameters of the run.
    """

    def __init__(self, checked: ParameterHook) -> None:
        self._checked = checked
        self._models: list[CtrParams] = []

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Check against the fields of an earlier run, unless this one makes them."""
        self._models = []
        if self._checked.params is not None:
            self._models = _models_of(pipeline, self._checked.params)
        is_made = _STATE in pipeline.all_outputs()
        if self._models and not is_made and catalog.exists(_STATE):
            self._check(catalog.load(_STATE))

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Check once preparation has saved the fields."""
        if dataset_name == _STATE:
            self._check(data)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Check modalities once the columns of the items are known."""
        if dataset_name == _CONTENTS and self._checked.params is not None:
            names = find_modalities(data, self._checked.params.embedding)
            for params in self._models:
                require_named_modalities(params.features, names)

    def _check(self, state: dict[str, Any]) -> None:
        fields = FieldState.model_validate(state).fields
        for params in self._models:
            require_named_fields(params, fields)


def _models_of(pipeline: Pipeline, params: ProjectParams) -> list[CtrParams]:
    """The models that a pipeline trains: the project's, and those of the ablation."""
    inputs = pipeline.inputs()
    if "params:ctr_modeling" not in inputs:
        return []
    found = [params.ctr_modeling]
    if "params:ablation" in inputs:
        base = VariedParams(
            quantization=params.quantization, ctr_modeling=params.ctr_modeling
        )
        found += [
            resolve(arm, candidate, params.ablation, base).ctr_modeling
            for arm in params.ablation.arms.values()
            if arm is not None and arm.is_trained
            for candidate in params.ablation.candidates_of(arm).values()
        ]
    return found
