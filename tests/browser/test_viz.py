"""The page of kedro-viz, built after a run and opened as people open it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from browser_pages import console_errors, requested_urls
from project_runs import REPOSITORY, ROAD, copy_project, must_run

SECONDS = 60
"""To wait for the page; other work may take the machine meanwhile."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make viz-build`` makes of a finished project, in env test."""
    if importlib.util.find_spec("kedro_viz") is None:
        pytest.skip("needs kedro-viz: pip install -e '.[viz]'")
    project = copy_project(tmp_path_factory.mktemp("viz"))
    must_run(project, "--env", "test", "--pipeline", "sample")
    must_run(project, "--env", "test")
    for words in (
        ("-m", "kedro", "viz", "build", "--include-previews"),
        (str(REPOSITORY / "docs/hooks/viz_page.py"), "build"),
    ):
        done = subprocess.run(
            [sys.executable, *words],
            cwd=project,
            env={
                **os.environ,
                "KEDRO_ENV": "test",
                "PYTHONPATH": str(REPOSITORY / "src"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "could not be previewed" not in done.stdout + done.stderr
    return project / "build"


@pytest.fixture
def look(browser, serve, page):
    """The page, open and without its tour; functions to find things by."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    class Look:
        address = serve(page)

        def open(self, query: str = "") -> None:
            browser.get(f"{self.address}/{query}")
            self.wait_for(".pipeline-node")
            # A tour that is offered at the first visit lies over the graph.
            for close in self.wait_for(".feature-hints__close, .pipeline-node"):
                if "feature-hints__close" in close.get_attribute("class"):
                    browser.execute_script("arguments[0].click()", close)

        def wait_for(self, css: str):
            return WebDriverWait(browser, SECONDS).until(
                lambda driver: driver.find_elements(By.CSS_SELECTOR, css)
            )

        def words(self, css: str) -> list[str]:
            self.wait_for(css)
            script = (
                "return [...document.querySelectorAll(arguments[0])]"
                ".map(element => element.textContent)"
            )
            return browser.execute_script(script, css)

        def says(self, css: str, *words: str) -> bool:
            """Whether all the words are there, sooner or later."""
            return WebDriverWait(browser, SECONDS).until(
                lambda driver: all(word in "\n".join(self.words(css)) for word in words)
            )

        def click(self, css: str, text: str) -> None:
            script = (
                "const found = [...document.querySelectorAll(arguments[0])]"
                ".find(element => element.textContent.trim() === arguments[1]);"
                "if (found) { found.scrollIntoView(); found.click(); }"
                "return Boolean(found)"
            )
            self.wait_for(css)
            assert browser.execute_script(script, css, text), self.words(css)

    browser.get_log("browser"), browser.get_log("performance")
    look = Look()
    look.open()
    yield look
    complaints = console_errors(browser)
    assert complaints == [], complaints
    outside = [x for x in requested_urls(browser) if not x.startswith(look.address)]
    assert outside == []


def test_it_shows_the_folded_pipelines_in_their_layers(look, keep_screenshot):
    nodes = look.words(".pipeline-node")
    assert set(ROAD) <= set(nodes)
    assert "source" in nodes
    assert "train_model" not in nodes
    layers = look.words(".pipeline-layer-name")
    order = ["raw", "primary", "feature", "model_input", "models"]
    assert [layer for layer in layers if layer in order] == order
    assert layers[-1] == "reporting"
    keep_screenshot("viz_pipelines")


def test_a_pipeline_unfolds_and_its_node_says_what_it_does(look, keep_screenshot):
    look.open("?pid=__default__&expandAllPipelines=true")
    assert look.says(".pipeline-node", "train_model", "ctr_weights")
    look.click(".node-list-tree-item-row button", "train_model")
    assert look.says(".pipeline-metadata", "Train DIN", "params:ctr_modeling")
    keep_screenshot("viz_node")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("metrics", "auc_interval"),
        ("shared_codes", "other_title"),
        ("vectors", "dtype"),
        ("train", "group_id"),
    ],
)
def test_a_click_opens_a_preview(look, keep_screenshot, name, shown):
    """The word is in the preview alone."""
    look.click(".node-list-tree-item-row button", name)
    assert look.says(".pipeline-metadata", shown)
    keep_screenshot(f"viz_{name}")


def test_a_figure_is_shown(look, browser, keep_screenshot):
    look.click(".node-list-tree-item-row button", "codebook_usage_figure")
    (image,) = look.wait_for(".pipeline-metadata__plot-image")
    assert browser.execute_script("return arguments[0].naturalWidth", image) > 200
    keep_screenshot("viz_figure")
