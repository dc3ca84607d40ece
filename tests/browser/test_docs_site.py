"""The documentation in a browser: from the disk and from ``make docs-serve``."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_pages import console_errors, requested_urls
from paths import REPOSITORY

SECONDS = 60
"""To wait for a page; other work may take the machine meanwhile."""

BUILD_SECONDS = 500
"""To wait for the site; half a minute when nothing else runs."""

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(REPOSITORY / "src"),
    "NO_MKDOCS_2_WARNING": "1",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of the site that ``make docs`` builds, on the disk."""
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("needs mkdocs: pip install -e '.[docs]'")
    site = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=REPOSITORY,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return site.as_uri()


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Address of what ``make docs-serve`` serves."""
    if importlib.util.find_spec("mkdocs") is None or shutil.which("make") is None:
        pytest.skip("needs make and mkdocs: pip install -e '.[docs]'")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    programs = Path(sys.executable).parent
    words = ["docs-serve", f"PORT={port}", f"BIN={programs}"]
    process = subprocess.Popen(
        # What is installed already is not installed again.
        ["make", "--silent", "--old-file=setup-docs", *words],
        cwd=REPOSITORY,
        env=ENVIRONMENT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(SECONDS)


def wait_for(address: str, process: subprocess.Popen) -> None:
    """Return once something answers."""
    end = time.monotonic() + BUILD_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/index.html", timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.5)
    raise AssertionError(f"{address} does not answer; exit code {process.poll()}")


def find(browser: Any, css: str) -> list[Any]:
    """Wait for elements."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, SECONDS).until(
        lambda driver: driver.find_elements("css selector", css)
    )


def show(browser: Any, address: str, *, dark: bool = False) -> None:
    """Open a page as one who prefers light or dark pages."""
    wanted = "dark" if dark else "light"
    features = [{"name": "prefers-color-scheme", "value": wanted}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(address)


@pytest.mark.parametrize("way", ["built", "served"])
def test_search_finds_a_page_and_asks_no_other_server(
    way, browser, request, keep_screenshot
):
    address = request.getfixturevalue(way)
    browser.get_log("browser"), browser.get_log("performance")
    show(browser, f"{address}/index.html")
    (field, *_) = find(browser, "input.md-search__input")
    browser.execute_script("arguments[0].focus()", field)
    field.send_keys("boosted trees")
    links = find(browser, ".md-search-result__link")
    assert any("results.html" in link.get_attribute("href") for link in links)
    keep_screenshot(f"docs_search_{way}")
    browser.get(links[0].get_attribute("href"))
    assert browser.execute_script("return document.body.innerText").count("trees")
    assert console_errors(browser) == []
    outside = [x for x in requested_urls(browser) if not x.startswith(address)]
    assert outside == []


def test_the_reference_shows_functions_with_their_arguments(built, browser):
    show(browser, f"{built}/api/ctr-training.html")
    heading, signature, names = browser.execute_script(
        "const heading = document.getElementById(arguments[0]);"
        "const part = heading.parentElement;"
        "return [heading.textContent, part.querySelector('.doc-signature').innerText,"
        " [...part.querySelectorAll('table tbody td:first-child')]"
        ".map(x => x.innerText)]",
        "mmctr.ctr.training.fit.train_ctr_model",
    )
    assert heading.strip().startswith("train_ctr_model")
    assert "->" in signature
    assert "params" in names


@pytest.mark.parametrize("page", ["index", "codes", "fast-core", "structure"])
def test_figures_have_the_colors_of_the_page(page, built, browser, keep_screenshot):
    for scheme in ("light", "dark"):
        show(browser, f"{built}/{page}.html", dark=scheme == "dark")
        shown, widths = browser.execute_script(
            "const all = [...document.querySelectorAll('article img')];"
            "const shown = all.filter(x => x.checkVisibility());"
            "return [shown.map(x => x.src), shown.map(x => x.naturalWidth)]"
        )
        assert shown
        assert min(widths) > 100
        endings = [source.endswith(".dark.svg#only-dark") for source in shown]
        assert endings == [scheme == "dark"] * len(shown)
        keep_screenshot(f"docs_{page}_{scheme}")
