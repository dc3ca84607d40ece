"""The graph: which pipelines there are, what their nodes take and give."""

import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from kedro.pipeline import Node
from project_runs import ROAD
from pydantic import BaseModel

from mmctr.pipeline_registry import register_pipelines

EXPERIMENTS = ("ablation", "tuning")
PIPELINES = register_pipelines()
NODES = {node.name: node for pipe in PIPELINES.values() for node in pipe.nodes}
ROAD_OUTPUTS = PIPELINES["__default__"].all_outputs()


def test_the_road_is_its_pipelines_without_the_sample():
    road = set().union(*({x.name for x in PIPELINES[name].nodes} for name in ROAD))
    assert {node.name for node in PIPELINES["__default__"].nodes} == road
    assert not road & {node.name for node in PIPELINES["sample"].nodes}
    others = {"sample", "evidence", "predict", "export", *EXPERIMENTS}
    assert set(PIPELINES) == {"__default__", *others, *ROAD}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_needs_what_the_road_writes(name):
    inputs = {x for x in PIPELINES[name].inputs() if not x.startswith("param")}
    # A folder that trials fill while they run.
    inputs -= {x for x in inputs if x.endswith(("_store", "_studies"))}
    assert inputs <= PIPELINES["__default__"].all_outputs()
    assert not PIPELINES[name].all_outputs() & set(ROAD_OUTPUTS)


def test_evidence_reads_reports_of_other_data_sets_alone():
    inputs = {x for x in PIPELINES["evidence"].inputs() if not x.startswith("param")}
    assert inputs == {"log_ablations", "log_metrics"}


def test_tuning_can_not_read_test():
    of_test = {"test", "test_rows", "test_predictions", "metrics"}
    assert not of_test & PIPELINES["tuning"].datasets()


@pytest.mark.parametrize(
    "name", ["__default__", "sample", "evidence", "predict", "export", *EXPERIMENTS]
)
def test_a_pipeline_is_one_piece(name):
    """No node and no data set stands apart in kedro-viz."""
    parts: list[set[str]] = []
    for node in PIPELINES[name].nodes:
        part = {x for x in (*node.inputs, *node.outputs) if not x.startswith("param")}
        assert part
        touching = [other for other in parts if other & part]
        parts = [other for other in parts if not other & part]
        parts.append(part.union(*touching))
    assert len(parts) == 1


def test_a_node_says_what_it_does_in_the_box_of_its_pipeline():
    """kedro-viz shows the docstring, and folds what has one namespace."""
    for name, node in NODES.items():
        assert len(node.preview().content.splitlines()[0]) > 10, name
        assert name in {x.name for x in PIPELINES[node.namespace].nodes}
        assert "." not in name


def test_a_pipeline_runs_by_its_namespace_too():
    by_namespace = PIPELINES["__default__"].filter(node_namespaces=["fusion"])
    assert by_namespace.nodes == PIPELINES["fusion"].nodes


def models_within(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and every model in the types of its fields."""
    yield model
    kinds: list[Any] = [field.annotation for field in model.model_fields.values()]
    while kinds:
        kind = kinds.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from models_within(kind)
        kinds += typing.get_args(kind)


def typed_inputs(node: Node) -> dict[str, Any]:
    """Names of a node's data sets, with the type that its function gives them."""
    hints = typing.get_type_hints(node.func)
    names = list(inspect.signature(node.func).parameters)
    return {
        dataset: hints[name] for name, dataset in zip(names, node.inputs, strict=True)
    }


# The plan of an experiment varies the parameters of other pipelines; fields have a
# section of their own, which prediction reads too; a bundle keeps what encodes new
# data. Where it is computed, `scale`, is not counted.
SECTIONS = {
    "plan_ablation": 3,
    "plan_tuning": 3,
    "prepare_tables": 2,
    "make_bundle": 5,
}


def test_a_node_is_typed_and_takes_as_few_parameter_objects():
    for node in NODES.values():
        kinds = typed_inputs(node)
        assert "return" in typing.get_type_hints(node.func), node.name
        parameters = [
            kind
            for name, kind in kinds.items()
            if name.startswith("params") and name != "params:scale"
        ]
        assert len(parameters) <= SECTIONS.get(node.name, 1), node.name
        assert "parameters" not in kinds
        for kind in parameters:
            assert issubclass(kind, BaseModel)
            for model in models_within(kind):
                assert model.model_config.get("extra") == "forbid", model


def test_listing_pipelines_needs_no_heavy_library():
    """``kedro catalog`` and the like stay quick."""
    code = (
        "import sys, typing, mmctr.project.hooks.after_run, mmctr.project.cli\n"
        "from mmctr.pipeline_registry import register_pipelines\n"
        "for node in register_pipelines()['__default__'].nodes:\n"
        "    typing.get_type_hints(node.func)\n"
        "heavy = {'torch', 'fuxictr', 'faiss', 'sentence_transformers', 'openai', "
        "'sklearn', 'ray', 'pytorch_lightning'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
