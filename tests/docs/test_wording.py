"""One spelling of a word everywhere."""

import pytest
from paths import REPOSITORY

FOLDERS = ("src", "conf", "docs", "tests", "benchmarks", "notebooks")
KINDS = {".py", ".md", ".yml", ".toml", ".ipynb", ".html", ".txt"}
FILES = [
    *(
        REPOSITORY / name
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile")
    ),
    *(
        path
        for folder in FOLDERS
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in KINDS
    ),
]


# Kedro's spelling, of its catalog and of a catalog of items.
@pytest.mark.parametrize("other", ["catalog" + "ue"])
def test_a_word_has_one_spelling(other):
    found = [
        str(path.relative_to(REPOSITORY))
        for path in FILES
        if other in path.read_text("utf-8").lower()
    ]
    assert found == []
