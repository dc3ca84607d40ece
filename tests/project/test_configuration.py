"""The configuration of every environment fits the pipelines."""

import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from kedro.framework.context import KedroContext
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Node, Pipeline
from paths import REPOSITORY
from pydantic import BaseModel

from mmctr.data.datasets import (
    AtomicDataset,
    MissingPartitions,
    OptionalDataset,
    StudyDataset,
)
from mmctr.pipeline_registry import register_pipelines
from mmctr.project.hooks.core import BEST_CONFIG, TIMES
from mmctr.project.params import check_parameters
from mmctr.project.provenance.hook import MANIFESTS

ENVIRONMENTS = sorted(
    folder.name
    for folder in (REPOSITORY / "conf").iterdir()
    if folder.is_dir() and folder.name != "local"
)
ROAD = (
    "preparation",
    "embedding",
    "quantization",
    "fusion",
    "ctr_modeling",
    "reporting",
)
EXPERIMENTS = ("ablation", "tuning")
FOLDERS = {
    "raw": "01_raw",
    "primary": "03_primary",
    "feature": "04_feature",
    "model_input": "05_model_input",
    "models": "06_models",
    "model_output": "07_model_output",
    "reporting": "08_reporting",
}
PIPELINES = register_pipelines()
NODES = {node.name: node for pipe in PIPELINES.values() for node in pipe.nodes}
DATASETS = sorted(
    name
    for name in set().union(*(pipe.datasets() for pipe in PIPELINES.values()))
    if not name.startswith("param")
)
ROAD_OUTPUTS = PIPELINES["__default__"].all_outputs()
OUTPUTS = set().union(*(pipe.all_outputs() for pipe in PIPELINES.values()))


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def context(request: pytest.FixtureRequest) -> KedroContext:
    """The project in one environment, under a data set name of its own."""
    bootstrap_project(REPOSITORY)
    named = {"dataset": "a_log", "sample": {"name": "a_world"}}
    session = KedroSession.create(
        project_path=REPOSITORY, env=request.param, runtime_params=named
    )
    return session.load_context()


@pytest.fixture(scope="module")
def catalog(context: KedroContext) -> CatalogProtocol:
    """The catalogue of the environment; Kedro builds a new one at every request."""
    return context.catalog


def test_nodes_get_full_paths(catalog):
    embedding = catalog.load("params:embedding")
    assert Path(embedding.cache).is_relative_to(REPOSITORY / "data")
    training = catalog.load("params:ctr_modeling")
    assert Path(training.checkpoint.folder).is_relative_to(REPOSITORY / "data")


def test_the_environments_that_the_documentation_promises_are_there():
    assert {"base", "interactions", "test"} <= set(ENVIRONMENTS)


def test_the_road_is_the_six_pipelines_without_the_sample():
    road = set().union(*({x.name for x in PIPELINES[name].nodes} for name in ROAD))
    assert {node.name for node in PIPELINES["__default__"].nodes} == road
    assert not road & {node.name for node in PIPELINES["sample"].nodes}
    assert set(PIPELINES) == {"__default__", "sample", *EXPERIMENTS, *ROAD}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_needs_what_the_road_writes(name):
    inputs = {x for x in PIPELINES[name].inputs() if not x.startswith("param")}
    # A folder that trials fill while they run.
    inputs -= {"tuning_codes"}
    assert inputs <= PIPELINES["__default__"].all_outputs()
    assert not PIPELINES[name].all_outputs() & set(ROAD_OUTPUTS)


def test_tuning_can_not_read_test():
    assert not {"test", "test_predictions", "metrics"} & PIPELINES["tuning"].datasets()


def test_the_road_needs_nothing_but_the_source(catalog):
    """The rest of what it takes, it takes where it is there."""
    inputs = PIPELINES["__default__"].inputs()
    data = {name for name in inputs if not name.startswith("param")}
    optional = {name for name in data if isinstance(catalog[name], OptionalDataset)}
    assert data - optional == {"source"}
    for name in optional:
        assert not catalog.exists(name)
        assert catalog.load(name) is None


def test_what_is_optional_is_a_file_that_another_entry_writes(catalog):
    written = {catalog[x]._describe()["filepath"] for x in OUTPUTS}
    written |= {
        catalog[x]._describe()["filepath"] for x in (TIMES, *MANIFESTS.values())
    }
    optional = [x for x in DATASETS if isinstance(catalog[x], OptionalDataset)]
    assert optional
    assert {catalog[name]._describe()["filepath"] for name in optional} <= written


def test_parameters_are_accepted(context):
    check_parameters(dict(context.config_loader["parameters"]))


def test_every_data_set_is_in_the_catalogue(context):
    assert set(DATASETS) <= set(context.config_loader["catalog"])


def test_the_catalogue_holds_nothing_that_neither_pipeline_nor_hook_uses(context):
    entries = {x for x in context.config_loader["catalog"] if not x.startswith("_")}
    assert entries == {*DATASETS, TIMES, BEST_CONFIG, *MANIFESTS.values()}


def test_every_entry_has_a_layer(context):
    for name, entry in context.config_loader["catalog"].items():
        if not name.startswith("_"):
            assert entry["metadata"]["kedro-viz"]["layer"] in FOLDERS, name


def layer_of(catalog: CatalogProtocol, name: str) -> str:
    return catalog[name].metadata["kedro-viz"]["layer"]


@pytest.mark.parametrize("name", DATASETS)
def test_an_entry_lies_in_its_layer_under_the_name_of_its_data_set(catalog, name):
    layer = layer_of(catalog, name)
    assert layer in FOLDERS
    if name not in OUTPUTS:
        return
    folder = "a_world" if name.startswith("sample_") else "a_log"
    path = Path(catalog[name]._describe()["filepath"]).relative_to(REPOSITORY)
    # A report that later steps read belongs to the layer of its step; the model's card
    # is made of reports, and lies beside the weights.
    elsewhere = {"preparation_report": "reporting", "model_card": "models"}
    assert path.parts[0] == "data"
    assert path.parts[1] == FOLDERS[elsewhere.get(name, layer)]
    assert path.parts[2] == folder


def test_layers_follow_each_other(catalog):
    """kedro-viz draws no layers where they form a circle."""
    before: dict[str, set[str]] = {}
    pipelines = [PIPELINES[name] for name in ("__default__", *EXPERIMENTS)]
    for node in sum(pipelines, start=Pipeline([])).nodes:
        sources = {layer_of(catalog, x) for x in node.inputs if x in DATASETS}
        for layer in {layer_of(catalog, x) for x in node.outputs}:
            before.setdefault(layer, set()).update(sources - {layer})
    order = list(TopologicalSorter(before).static_order())
    assert order[0] == "raw"
    assert order[-1] == "reporting"
    # An order that holds: that of the folders.
    for layer, earlier in before.items():
        assert all(FOLDERS[other] < FOLDERS[layer] for other in earlier)


@pytest.mark.parametrize("name", DATASETS)
def test_every_figure_table_metric_and_array_can_be_previewed(catalog, name):
    """And with it every report. What it looks like: end_to_end/test_previews.py."""
    without = (".safetensors", ".db", ".yml")
    if not str(catalog[name]._describe().get("filepath")).endswith(without):
        assert hasattr(catalog[name], "preview"), name


@pytest.mark.parametrize("name", ["__default__", "sample", *EXPERIMENTS])
def test_a_pipeline_is_one_piece(name):
    """No node and no data set stands apart in kedro-viz."""
    parts: list[set[str]] = []
    for node in PIPELINES[name].nodes:
        part = {x for x in (*node.inputs, *node.outputs) if x in DATASETS}
        assert part
        touching = [other for other in parts if other & part]
        parts = [other for other in parts if not other & part]
        parts.append(part.union(*touching))
    assert len(parts) == 1


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_a_node_says_what_it_does_in_the_box_of_its_pipeline(node):
    """kedro-viz shows the docstring, and folds what has one namespace."""
    assert len(node.preview().content.splitlines()[0]) > 10
    assert node.name in {x.name for x in PIPELINES[node.namespace].nodes}
    assert "." not in node.name


def test_a_pipeline_runs_by_its_namespace_too():
    by_namespace = PIPELINES["__default__"].filter(node_namespaces=["fusion"])
    assert by_namespace.nodes == PIPELINES["fusion"].nodes


@pytest.mark.parametrize("name", DATASETS)
def test_what_is_written_is_written_atomically_and_raw_files_never(catalog, name):
    dataset = catalog[name]
    if isinstance(dataset, MissingPartitions):
        assert dataset._dataset_type is AtomicDataset
        return
    if isinstance(dataset, StudyDataset):
        return  # SQLite's transactions
    if name in OUTPUTS:
        assert isinstance(dataset, AtomicDataset)
        return
    with pytest.raises(DatasetError, match="only read"):
        dataset.save("anything")


def test_no_two_data_sets_share_a_file(catalog):
    paths = [catalog[name]._describe()["filepath"] for name in sorted(OUTPUTS)]
    assert len(set(paths)) == len(paths)


def test_a_data_set_that_looks_like_a_number_is_text(context):
    session = KedroSession.create(
        project_path=REPOSITORY, env=context.env, runtime_params={"dataset": "007"}
    )
    catalog = session.load_context().catalog
    assert catalog.load("params:dataset") == "007"
    assert "/03_primary/007/" in catalog["train"]._describe()["filepath"]


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


PLANS = ("plan_ablation", "plan_tuning")


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_a_node_is_typed_and_takes_one_parameter_object(node):
    kinds = typed_inputs(node)
    assert "return" in typing.get_type_hints(node.func)
    parameters = [kind for name, kind in kinds.items() if name.startswith("params:")]
    # The plan of an experiment varies the parameters of other pipelines.
    assert len(parameters) <= (3 if node.name in PLANS else 1)
    assert "parameters" not in kinds
    for kind in parameters:
        assert issubclass(kind, BaseModel)
        for model in models_within(kind):
            assert model.model_config.get("extra") == "forbid", model


def test_listing_pipelines_needs_no_heavy_library():
    """``kedro catalog`` and the like stay quick."""
    code = (
        "import sys, typing, mmctr.project.hooks.core, mmctr.project.cli\n"
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
