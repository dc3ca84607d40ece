"""Links between the README and the pages of docs/ lead somewhere; no mkdocs needed."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import yaml
from api_pages import api_pages
from pages import pages_of
from project_runs import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = [
    *(REPOSITORY / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")),
    *DOCS.glob("*.md"),
]
GENERATED = {"parameters.md", *api_pages(REPOSITORY / "src" / "mmctr")}
FIGURES = sorted((DOCS / "figures").glob("*.svg"))


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def links(page: Path) -> Iterator[str]:
    """Targets of the page's links and images that are files of this repository."""
    text = re.sub(r"`[^`]*`", "", without_code(page.read_text()))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(page: Path) -> set[str]:
    """What MkDocs and GitHub call the page's headings."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text()), re.MULTILINE)
    words = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in headings)
    return {re.sub(r"[-\s]+", "-", heading.strip()) for heading in words}


def test_every_page_of_the_navigation_exists():
    site = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())
    named = pages_of(site["nav"])
    assert len(set(named)) == len(named) > 30
    existing = {page.name for page in DOCS.glob("*.md")} | GENERATED
    assert [name for name in named if name not in existing] == []


def test_links_lead_to_files_and_headings():
    broken = []
    for page in PAGES:
        for target in links(page):
            name, _, anchor = target.partition("#")
            found = (page.parent / name).resolve() if name else page
            if found.parent == DOCS and found.name in GENERATED:
                continue  # mkdocs checks it
            if not found.exists() or (anchor and anchor not in anchors(found)):
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_pages_do_not_link_out_of_the_site():
    outside = [
        f"{page.name}: {target}"
        for page in DOCS.glob("*.md")
        for target in links(page)
        if target.startswith("../")
    ]
    assert outside == []


def test_every_package_has_a_page():
    packages = {path.parent.name for path in REPOSITORY.glob("src/mmctr/*/__init__.py")}
    pages = api_pages(REPOSITORY / "src" / "mmctr")
    assert {f"api/{name}.md" for name in packages - {"pipelines"}} <= pages.keys()
    assert "::: mmctr.content.quantizers\n" in pages["api/content-quantizers.md"]
    assert (
        "::: mmctr.pipelines.embedding.nodes\n" in pages["api/pipelines-embedding.md"]
    )


def test_a_page_of_a_package_has_the_public_names_of_its_modules(tmp_path):
    package = tmp_path / "own"
    (package / "room").mkdir(parents=True)
    (package / "room" / "__init__.py").write_text("from own.room.made import made\n")
    (package / "room" / "made.py").write_text(
        'LIMIT = 3\n"""The most."""\nUNSAID = 4\n\n\n'
        'def made() -> int:\n    """Give three."""\n\n\n'
        'def _hidden() -> None:\n    """Help."""\n\n\n'
        'class Maker:\n    """Makes."""\n'
    )
    (package / "room" / "empty.py").write_text("def unsaid() -> None: ...\n")
    page = api_pages(package)["api/room.md"]
    assert "members: []" in page.partition("## ")[0]
    assert "## `made`\n\n::: own.room.made\n" in page
    assert "members: [LIMIT, made, Maker]" in page
    assert "empty" not in page


def test_a_figure_is_small_and_loads_nothing():
    assert FIGURES
    for figure in FIGURES:
        assert figure.stat().st_size < 200_000
        for element in ElementTree.parse(figure).iter():
            for name, value in element.attrib.items():
                if name.endswith("href"):
                    assert value.startswith("#"), figure


def test_files_that_pages_name_exist():
    missing = [
        f"{page.name}: {path}"
        for page in PAGES
        for path in re.findall(r"`((?:src|conf|tests)/[\w./-]+)`", page.read_text())
        # Files that a reader is to write.
        if not re.search("NAME|/local/", path) and not (REPOSITORY / path).exists()
    ]
    assert missing == []
