"""The cluster of a run, connected before any work and left after it."""

from contextlib import ExitStack

import click
from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from mmctr.project.hooks.parameters import ParameterHook
from mmctr.runtime.scale.cluster import connected_cluster

_SCALE = "params:scale"


class ScaleHook:
    """Connect to the cluster that the parameters name, if a node of the run uses it.

    Args:
        checked: Has the parameters of the run.
    """

    def __init__(self, checked: ParameterHook) -> None:
        self._checked = checked
        self._connected = ExitStack()

    @hook_impl(trylast=True)
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Connect, after all that may refuse the run at once.

        Raises:
            ValueError: If there is no such cluster, or too little of it is free.
        """
        params = self._checked.params
        if params is None or _SCALE not in pipeline.inputs():
            return
        command = click.get_current_context(silent=True)
        if command is not None:
            # Ctrl-C and SIGTERM are no errors of the pipeline: no hook is called.
            command.call_on_close(self._connected.close)
        self._connected.enter_context(connected_cluster(params.scale))

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Leave it."""
        self._connected.close()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Leave it."""
        self._connected.close()
