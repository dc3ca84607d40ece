"""One log line per node: inputs, outputs and time."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

logger = logging.getLogger("mmctr.node")


class NodeLogHook:
    """Say of each node what it made of what, as soon as all of it is saved.

    ``train_model: item_table 4,001 rows, train 160,000 rows -> ctr_weights 217,314
    values, training_history 9 entries (31.5 s)``
    """

    def __init__(self) -> None:
        """Start without a run."""
        self._started: dict[str, float] = {}
        self._seen: dict[str, dict[str, str]] = {}

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Forget the runs before, of the same process."""
        self._started, self._seen = {}, {node.name: {} for node in pipeline.nodes}

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """A node begins with its first input."""
        self._started.setdefault(node.name, time.perf_counter())

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any, node: Node) -> None:
        """Look at an input."""
        self._note(node, dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Look at an output; the last of them ends the node."""
        seen = self._note(node, dataset_name, data)
        if not set(node.outputs) <= set(seen):
            return
        inputs = [x for x in node.inputs if not x.startswith("param")]
        seconds = time.perf_counter() - self._started.get(node.name, 0.0)
        logger.info(
            "%s: %s -> %s (%.1f s)",
            node.name,
            ", ".join(_named(x, seen) for x in inputs) or "parameters",
            ", ".join(_named(x, seen) for x in node.outputs),
            seconds,
        )

    def _note(self, node: Node, name: str, data: Any) -> dict[str, str]:
        seen = self._seen.setdefault(node.name, {})
        if not name.startswith("param"):
            seen[name] = describe_size(data)
        return seen


def describe_size(data: Any) -> str:
    """How much it is, in its own unit; empty where that has none.

    Nothing is loaded, copied or imported for it.
    """
    if isinstance(data, Mapping):
        return _describe_mapping(list(data.values()))
    if hasattr(data, "num_rows"):
        return f"{data.num_rows:,} rows"
    if hasattr(data, "columns"):
        return f"{len(data):,} rows"
    if isinstance(getattr(data, "shape", None), tuple):
        return " x ".join(f"{size:,}" for size in data.shape)
    unit = {str: "characters", list: "entries"}.get(type(data))
    return f"{len(data):,} {unit}" if unit else ""


def _describe_mapping(values: list[Any]) -> str:
    if values and all(hasattr(value, "numel") for value in values):
        return f"{sum(value.numel() for value in values):,} values"
    if values and all(callable(value) for value in values):
        return f"{len(values):,} parts"
    return f"{len(values):,} entries"


def _named(name: str, sizes: dict[str, str]) -> str:
    return f"{name} {sizes.get(name, '')}".rstrip()
