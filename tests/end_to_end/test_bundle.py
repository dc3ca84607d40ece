"""The bundle of a run on the tiny sample answers as the run did."""

import json
import shutil

import numpy as np
import pytest
from project_runs import must_run
from served_runs import bundle_of, requests_of_test

from mmctr import Scorer


def test_the_bundle_of_a_run_gives_the_runs_scores(road):
    project = road[0]
    scorer = Scorer.load(bundle_of(project, "test"))
    requests, expected = requests_of_test(project, "test")
    assert np.array_equal(scorer.score_frame(requests), expected)
    best = scorer.rank(scorer.items[:5], k=3)
    assert [item for item, _ in best] == [
        scorer.items[place]
        for place in np.argsort(
            -scorer.score(scorer.items[:5], scorer.items), kind="stable"
        )[:3]
    ]


@pytest.mark.system
def test_the_pipeline_exports_the_bundle_of_a_run(road, tmp_path, caplog):
    """Whatever the run's parameters: the bundle has those that count."""
    project = shutil.copytree(road[0], tmp_path / "project")
    done = must_run(project, "--pipeline", "export", "--params", "dataset=test")
    assert "do not fit" not in caplog.text
    folder = bundle_of(project, "test").with_name("export")
    assert f"export: {folder.relative_to(project)}" in done.output
    facts = json.loads((folder / "export.json").read_text())
    assert set(facts["parity"]) == {"model.onnx", "model.pt2"}
    assert {path.name for path in folder.iterdir()} == {
        *facts["parity"],
        "export.json",
        "items.parquet",
        "manifest.json",
    }
