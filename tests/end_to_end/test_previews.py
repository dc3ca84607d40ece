"""What kedro-viz shows of a finished run, without kedro-viz."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogProtocol

from mmctr.pipeline_registry import register_pipelines
from mmctr.project.hooks.after_run import HISTORY

PIPELINES = register_pipelines()
SHOWN = sorted(
    name
    for name in PIPELINES["__default__"].datasets() | PIPELINES["sample"].datasets()
    if not name.startswith("param")
)
WITHOUT = {"ctr_weights", "quantizer_weights"}
"""Weights are no figure, table, metric or array to look at."""

KINDS = {
    ".json": "JSONPreview",
    "": "JSONPreview",
    ".npy": "JSONPreview",
    ".png": "ImagePreview",
    ".csv": "TablePreview",
    ".zip": "TablePreview",
    ".parquet": "TablePreview",
    ".html": "HTMLPreview",
    ".md": "HTMLPreview",
}


@pytest.fixture(scope="module")
def catalog(road: Any) -> CatalogProtocol:
    """The catalog of a project in which everything has run."""
    bootstrap_project(road[0])
    session = KedroSession.create(project_path=road[0], env="test")
    return session.load_context().catalog


def kind_of_preview(dataset: Any) -> str:
    """As kedro-viz finds it out."""
    annotation = inspect.signature(dataset.preview).return_annotation
    return getattr(annotation, "__name__", str(annotation))


@pytest.mark.parametrize(
    "name",
    # In this project the ablation has not run, and nothing goes on from a bundle.
    [x for x in SHOWN if x not in WITHOUT | {"ablation_if_run", "start_bundle"}],
)
def test_what_is_shown_has_a_preview_of_its_kind(catalog, name):
    dataset = catalog[name]
    path = Path(dataset._describe().get("filepath", "raw.parquet"))
    # The history is a folder with a row per run.
    kind = "TablePreview" if name == HISTORY else KINDS[path.suffix]
    assert kind_of_preview(dataset) == kind
    options = dataset.metadata["kedro-viz"].get("preview_args", {})
    preview = dataset.preview(**options)
    assert preview
    if kind_of_preview(dataset) == "JSONPreview":
        assert json.loads(preview)
    if kind_of_preview(dataset) == "TablePreview":
        assert set(preview) == {"index", "columns", "data"}
        # The sample has no times, so no rows with frozen statistics.
        assert (name.startswith("test_frozen")) == (preview["data"] == [])
        for row in preview["data"]:
            assert len(row) == len(preview["columns"])
        json.dumps(preview, allow_nan=False)


def test_what_is_not_made_yet_has_none_and_is_no_error(catalog):
    for name in (
        "ablation_if_run",
        "ablation_increments",
        "ablation_table",
        "ablation_page",
        "tuning",
    ):
        assert catalog[name].preview() is None
