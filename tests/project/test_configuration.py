"""The configuration of every environment fits the pipelines."""

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kedro.framework.context import KedroContext
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline
from paths import REPOSITORY

from mmctr.data.datasets import (
    AtomicDataset,
    OptionalDataset,
)
from mmctr.pipeline_registry import register_pipelines
from mmctr.project.hooks.after_run import BEST_CONFIG, HISTORY, TIMES
from mmctr.project.params import check_parameters
from mmctr.project.provenance.hook import MANIFESTS

ENVIRONMENTS = sorted(
    folder.name
    for folder in (REPOSITORY / "conf").iterdir()
    if folder.is_dir() and folder.name != "local"
)
CONFIGS = [
    path
    for path in sorted((REPOSITORY / "conf").glob("*.yml"))
    if path.name != "logging.yml"
]
EXPERIMENTS = ("ablation", "tuning", "evidence", "predict")
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
DATASETS = sorted(
    name
    for name in set().union(*(pipe.datasets() for pipe in PIPELINES.values()))
    if not name.startswith("param")
)
OUTPUTS = set().union(*(pipe.all_outputs() for pipe in PIPELINES.values()))


class Entry(NamedTuple):
    """A data set of one environment's catalog."""

    env: str
    name: str
    dataset: Any

    @property
    def layer(self) -> str:
        return self.dataset.metadata["kedro-viz"]["layer"]

    @property
    def path(self) -> str:
        return str(self.dataset._describe().get("filepath"))


@pytest.fixture(scope="module")
def contexts() -> dict[str, KedroContext]:
    """The project in every environment, under a data set name of its own."""
    bootstrap_project(REPOSITORY)
    named = {"dataset": "a_log", "sample": {"name": "a_world"}}
    return {
        env: KedroSession.create(
            project_path=REPOSITORY, env=env, runtime_params=named
        ).load_context()
        for env in ENVIRONMENTS
    }


@pytest.fixture(scope="module")
def catalogs(contexts: dict[str, KedroContext]) -> dict[str, CatalogProtocol]:
    """Their catalogs; Kedro builds a new one at every request."""
    return {env: context.catalog for env, context in contexts.items()}


@pytest.fixture(scope="module")
def entries(catalogs) -> list[Entry]:
    """Every data set of the pipelines in every environment."""
    return [
        Entry(env, name, catalog[name])
        for env, catalog in catalogs.items()
        for name in DATASETS
    ]


def test_nodes_get_full_paths(catalogs):
    for catalog in catalogs.values():
        embedding = catalog.load("params:embedding")
        assert Path(embedding.cache).is_relative_to(REPOSITORY / "data")
        training = catalog.load("params:ctr_modeling")
        assert Path(training.checkpoint.folder).is_relative_to(REPOSITORY / "data")


def test_the_environments_that_the_documentation_promises_are_there():
    assert {"base", "interactions", "test"} <= set(ENVIRONMENTS)


def test_the_road_needs_nothing_but_the_source(catalogs):
    """The rest of what it takes, it takes where it is there."""
    inputs = PIPELINES["__default__"].inputs()
    data = {name for name in inputs if not name.startswith("param")}
    for env, catalog in catalogs.items():
        optional = {name for name in data if isinstance(catalog[name], OptionalDataset)}
        optional.add("start_bundle")
        # The history is a folder, without any run at first.
        needed = data - optional - {HISTORY}
        assert needed == {"source", "item_contents"}, env
        assert catalog.load(HISTORY).runs() == [], env
        for name in optional:
            assert not catalog.exists(name), env
            assert catalog.load(name) is None, env


def test_what_is_optional_is_a_file_that_another_entry_writes(catalogs):
    for env, catalog in catalogs.items():
        written = {
            catalog[x]._describe()["filepath"]
            for x in (*OUTPUTS, TIMES, *MANIFESTS.values())
        }
        optional = [x for x in DATASETS if isinstance(catalog[x], OptionalDataset)]
        assert optional
        read = {catalog[name]._describe()["filepath"] for name in optional}
        assert read <= written, env


def test_parameters_are_accepted(contexts):
    for context in contexts.values():
        check_parameters(dict(context.config_loader["parameters"]))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_parameters_of_every_file_for_config_are_accepted(path):
    options = yaml.safe_load(path.read_text())["run"]
    env = "microlens" if path.stem.startswith("microlens") else None
    session = KedroSession.create(
        project_path=REPOSITORY,
        env=options.get("env", env),
        runtime_params=options["params"],
    )
    parameters = session.load_context().config_loader["parameters"]
    check_parameters(dict(parameters))


def test_the_catalog_holds_what_pipelines_and_hooks_use_and_nothing_else(contexts):
    used = {*DATASETS, TIMES, HISTORY, BEST_CONFIG, *MANIFESTS.values()}
    for env, context in contexts.items():
        entries = {x for x in context.config_loader["catalog"] if not x.startswith("_")}
        assert entries == used, env


def test_every_entry_has_a_layer(contexts):
    without = [
        (env, name)
        for env, context in contexts.items()
        for name, entry in context.config_loader["catalog"].items()
        if not name.startswith("_")
        and entry["metadata"]["kedro-viz"]["layer"] not in FOLDERS
    ]
    assert without == []


# What later steps read belongs to the layer of its step; the model's card is made of
# reports, and lies beside the weights, as the bundle does.
ELSEWHERE = {
    "preparation_report": "reporting",
    "row_statistics_report": "reporting",
    "valid_tree_scores": "model_output",
    "test_tree_scores": "model_output",
    "test_frozen_tree_scores": "model_output",
    "model_card": "models",
    "bundle": "models",
    "export": "models",
}


def test_an_entry_lies_in_its_layer_under_the_name_of_its_data_set(entries):
    misplaced = []
    for entry in entries:
        assert entry.layer in FOLDERS, entry
        if entry.name not in OUTPUTS:
            continue
        layer = FOLDERS[ELSEWHERE.get(entry.name, entry.layer)]
        others = {"sample": "a_world", "evidence": "evidence"}
        folder = others.get(entry.name.partition("_")[0], "a_log")
        expected = ("data", layer, folder)
        if Path(entry.path).relative_to(REPOSITORY).parts[:3] != expected:
            misplaced.append((entry.env, entry.name, entry.path))
    assert misplaced == []


def test_layers_follow_each_other(entries):
    """kedro-viz draws no layers where they form a circle."""
    pipelines = [PIPELINES[name] for name in ("__default__", *EXPERIMENTS)]
    nodes = sum(pipelines, start=Pipeline([])).nodes
    for env in ENVIRONMENTS:
        layer_of = {entry.name: entry.layer for entry in entries if entry.env == env}
        before: dict[str, set[str]] = {}
        for node in nodes:
            sources = {layer_of[x] for x in node.inputs if x in DATASETS}
            for layer in {layer_of[x] for x in node.outputs}:
                before.setdefault(layer, set()).update(sources - {layer})
        order = list(TopologicalSorter(before).static_order())
        assert order[0] == "raw"
        assert order[-1] == "reporting"
        # An order that holds: that of the folders.
        for layer, earlier in before.items():
            assert all(FOLDERS[other] < FOLDERS[layer] for other in earlier), env


def test_every_figure_table_metric_and_array_can_be_previewed(entries):
    """And with it every report. What it looks like: end_to_end/test_previews.py."""
    without = (".safetensors", ".db", ".yml", "quantizers/weights")
    missing = [
        (entry.env, entry.name)
        for entry in entries
        if not entry.path.endswith(without) and not hasattr(entry.dataset, "preview")
    ]
    assert missing == []


def test_what_is_written_is_written_atomically_and_raw_files_never(entries):
    wrong = []
    for entry in entries:
        dataset = entry.dataset
        if entry.name not in OUTPUTS:
            with pytest.raises(DatasetError, match="only read"):
                dataset.save("anything")
        elif not isinstance(dataset, AtomicDataset):
            wrong.append((entry.env, entry.name))
    assert wrong == []


def test_no_two_data_sets_share_a_file(entries):
    for env in ENVIRONMENTS:
        paths = [x.path for x in entries if x.env == env and x.name in OUTPUTS]
        assert len(set(paths)) == len(paths)


def test_a_data_set_that_looks_like_a_number_is_text(contexts):
    for env in contexts:
        session = KedroSession.create(
            project_path=REPOSITORY, env=env, runtime_params={"dataset": "007"}
        )
        catalog = session.load_context().catalog
        assert catalog.load("params:dataset") == "007"
        assert "/03_primary/007/" in catalog["train"]._describe()["filepath"]
