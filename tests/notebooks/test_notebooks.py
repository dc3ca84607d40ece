"""Notebooks are stripped in git, and run from top to bottom."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from project_runs import REPOSITORY, copy_project, must_run

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_nothing_that_a_run_leaves_is_in_git(path):
    """``make strip-notebooks`` removes it."""
    notebook = json.loads(path.read_text())
    for cell in code_cells(notebook):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    # Of the kernel its name alone: no version, no path of somebody's machine.
    assert notebook["metadata"].keys() == {"kernelspec"}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that ran on a tiny sample, with an embedder for new titles."""
    project = copy_project(tmp_path_factory.mktemp("notebooks") / "project")
    shutil.copytree(REPOSITORY / "notebooks", project / "notebooks")
    settings = project / "conf" / "test" / "parameters.yml"
    text = settings.read_text()
    assert "provider: lsa" in text
    settings.write_text(
        text.replace("provider: lsa", "provider: sentence_transformers")
    )
    must_run(project, "--env", "test", "--pipeline", "sample")
    must_run(project, "--env", "test")
    return project


def execute(path: Path, project: Path) -> dict[str, Any]:
    """Execute a notebook where its reader would; an error in a cell is raised."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEDRO_ENV", "test")
        patch.setenv("PYTHONPATH", str(REPOSITORY / "src"))
        NotebookClient(
            notebook,
            timeout=500,
            resources={"metadata": {"path": str(project / "notebooks")}},
        ).execute()
    return notebook


def outputs(notebook: dict[str, Any], kind: str) -> list[str]:
    """All outputs of one MIME type."""
    return [
        output["data"][kind]
        for cell in code_cells(notebook)
        for output in cell["outputs"]
        if kind in output.get("data", {})
    ]


@pytest.mark.notebooks
def test_an_error_in_a_cell_is_one_of_the_test(tmp_path):
    import nbformat
    from nbclient.exceptions import CellExecutionError

    cells = [nbformat.v4.new_code_cell("1 / 0")]
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / "wrong.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(path, tmp_path)


@pytest.mark.notebooks
def test_results_are_drawn(project):
    done = execute(project / "notebooks" / "01_results.ipynb", project)
    assert len(outputs(done, "image/png")) == 3
    tables = "".join(outputs(done, "text/html"))
    for word in ("rows_with_cold_item", "max_title_similarity", "recall_at_10"):
        assert word in tables


@pytest.mark.notebooks
def test_codes_are_found_for_a_title_typed_in(project):
    done = execute(project / "notebooks" / "02_codes.ipynb", project)
    assert len(outputs(done, "image/png")) == 2
    tables = [table for table in outputs(done, "text/html") if "<table" in table]
    assert "nearest codes" in tables[0]
    assert "shared" in tables[1]
    # It is embedded with the project's cache, wherever the notebook lies.
    assert not (project / "notebooks" / "data").exists()


@pytest.mark.notebooks
def test_a_log_in_memory_becomes_predictions(project):
    done = execute(project / "notebooks" / "03_your_own_log.ipynb", project)
    assert "probability" in outputs(done, "text/html")[-1]
    assert list(project.glob("data/07_model_output/notebook/test_predictions.parquet"))


@pytest.mark.notebooks
def test_an_item_is_added_explained_and_saved(project):
    """The cells themselves check that a copy of an item has the item's score."""
    done = execute(project / "notebooks" / "04_use_the_model.ipynb", project)
    assert len(outputs(done, "image/png")) == 2
    ranked, after_new_item = (
        table for table in outputs(done, "text/html") if "probability" in table
    )
    assert ranked.count("<tr") == 11
    assert after_new_item.count("<tr") == 6
    printed = "".join(
        output.get("text", "")
        for cell in code_cells(done)
        for output in cell["outputs"]
    )
    assert re.search(r"probability 0\.\d{3}, place \d+ of \d+", printed)
    assert "saved and loaded: the same score" in printed
    assert (project / "data/06_models/notebook/bundle/manifest.json").exists()
