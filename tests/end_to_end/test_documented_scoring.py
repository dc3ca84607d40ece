"""What the documentation says of scoring runs as it stands, on a sample's bundle."""

import doctest
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from served_runs import bundle_of

from mmctr import Scorer
from mmctr.serving import scorer as module

ROOT = Path(__file__).parents[2]


@pytest.fixture
def beside_a_bundle(road, tmp_path, monkeypatch) -> Path:
    """A folder that has nothing but the bundle of a sample."""
    bundle = tmp_path / "data" / "06_models" / "sample" / "bundle"
    shutil.copytree(bundle_of(road[0], "test"), bundle)
    monkeypatch.chdir(tmp_path)
    return bundle


def snippets(page: str) -> list[str]:
    """The blocks of Python on a page that have to do with a scorer."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    return [block for block in blocks if "corer" in block]


def test_the_third_step_of_the_readme_ranks_items(beside_a_bundle, capsys):
    (step,) = snippets("README.md")
    exec(step, {})
    items = Scorer.load(beside_a_bundle).items
    best = eval(capsys.readouterr().out)
    assert len(best) == 3
    assert all(item in items and 0 < score < 1 for item, score in best)


def test_the_page_on_serving_runs_from_top_to_bottom(beside_a_bundle):
    names: dict[str, object] = {}
    for block in snippets("docs/serving.md"):
        # Titles of this sample were embedded by lsa, which knows no new ones.
        exec(block.replace('"title": ["Easy soup"], ', ""), names)
    assert len(names["best"]) == 3
    assert np.isfinite(names["scores"]).all()
    assert 9001 in Scorer.load("bundle_of_today").items


def test_the_example_of_the_class_is_true(beside_a_bundle):
    (example,) = doctest.DocTestFinder(recurse=False).find(module.Scorer, "Scorer")
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.attempted == 3
    assert outcome.failed == 0
