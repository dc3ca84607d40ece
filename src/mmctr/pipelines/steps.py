"""Nodes as kedro-viz shows them: one box per pipeline, each with its docstring."""

import inspect
from typing import Any

from kedro.pipeline import Node, Pipeline
from kedro.pipeline.preview_contract import TextPreview


class StepNode(Node):
    """A node in a namespace that keeps its own name.

    kedro-viz folds a namespace into one box, and ``kedro run --namespaces NAME`` runs
    it. Kedro would call the node ``NAME.node``; names of nodes are unique in this
    project, and ``--nodes``, the manifest and the times of earlier runs know them as
    they are.
    """

    @property
    def name(self) -> str:
        """The name without the namespace."""
        return self.short_name

    def preview(self) -> TextPreview:
        """What the node's function says of itself."""
        return TextPreview(inspect.getdoc(self.func) or "")

    def _copy(self, **changes: Any) -> "StepNode":
        copied = super()._copy(**changes)
        copied.__class__ = type(self)  # Kedro names its own class there
        return copied


def in_namespace(name: str, pipeline: Pipeline) -> Pipeline:
    """Put a pipeline's nodes into a namespace; data sets keep their names.

    Args:
        name: The namespace, which is what kedro-viz writes on the box.
        pipeline: Named nodes.

    Returns:
        The same nodes in the namespace.
    """
    nodes = [
        StepNode(
            node.func,
            node._inputs,
            node._outputs,
            name=node.short_name,
            tags=node.tags,
            namespace=name,
        )
        for node in pipeline.nodes
    ]
    return Pipeline(nodes)
