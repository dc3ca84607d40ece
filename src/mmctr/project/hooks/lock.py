"""No two runs at once on one data set."""

from collections.abc import Generator
from typing import Any

import click
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from mmctr.data.datasets import AtomicDataset
from mmctr.project.hooks.after_run import TIMES
from mmctr.project.provenance.hook import manifest_entries, manifest_files
from mmctr.runtime.dataset_lock import DatasetLock

SHARING = {"tuning"}
"""Pipelines of which several processes may run at once: each takes what is left."""


class LockHook:
    """Refuse a run on a data set that another run uses, before any work."""

    def __init__(self) -> None:
        """Start without a lock."""
        self._locks: list[DatasetLock] = []

    # Around the others: the lock is released if one of them raises.
    @hook_impl(wrapper=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> Generator[None, Any, Any]:
        """Lock each data set that is written, and remove half-written files.

        Raises:
            DatasetBusyError: If another run holds one of them.
        """
        self._release()  # of a run that was stopped in the same process
        command = click.get_current_context(silent=True)
        if command is not None:
            # Ctrl-C and a dry run are no errors of the pipeline: no hook is called.
            command.call_on_close(self._release)
        shared = set(run_params.get("pipeline_names") or [""]) <= SHARING
        try:
            for file in manifest_files(pipeline, catalog):
                folder = file.parent
                lock = DatasetLock.take(folder, folder.name, shared=shared)
                self._locks += [lock] if lock else []
            _sweep(pipeline, catalog)
            return (yield)
        except BaseException:
            self._release()
            raise

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Release the locks."""
        self._release()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Release the locks."""
        self._release()

    def _release(self) -> None:
        while self._locks:
            self._locks.pop().release()


def _sweep(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Delete half-written files of killed runs."""
    for name in pipeline.all_outputs() | manifest_entries(pipeline) | {TIMES}:
        dataset = catalog.get(name)
        if isinstance(dataset, AtomicDataset):
            dataset.remove_leftovers()
