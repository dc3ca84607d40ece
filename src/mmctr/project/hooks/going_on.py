"""Check the settings of a run that goes on from a bundle before any work."""

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from mmctr.pipelines.going_on import load_start
from mmctr.project.hooks.parameters import ParameterHook

_START = "start_bundle"


class GoingOnHook:
    """Compare the parameters of a run with those of the bundle that it goes on from.

    Args:
        checked: Has the parameters of the run.
    """

    def __init__(self, checked: ParameterHook) -> None:
        self._checked = checked

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Refuse a bundle that can't be gone on from, or other settings than its own.

        Raises:
            ValueError: One sentence on why, and what to do.
        """
        params = self._checked.params
        if params is None or _START not in pipeline.inputs():
            return
        start = load_start(catalog.load(_START))
        if start is not None:
            start.require_settings(
                params.preparation,
                params.fields,
                params.row_statistics,
                params.ctr_modeling,
            )
