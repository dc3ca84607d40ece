"""On the planted world the model must come near what can be known."""

import json

import pytest
from project_runs import copy_project, must_run


@pytest.mark.system
def test_the_model_closes_half_of_the_gap_to_the_ceiling(tmp_path):
    """The gap from the best simple baseline to the best possible AUC, in both parts.

    It is ahead of the boosted trees too, which are no simple baseline.
    """
    project = copy_project(tmp_path)
    must_run(project, "--pipeline", "sample")
    page = must_run(project).output
    assert "best possible" in page
    metrics = json.loads(
        (project / "data/08_reporting/sample/metrics.json").read_text()
    )
    for part in ("valid", "test"):
        found = metrics[part]
        assert 0.85 < found["oracle_auc"] < 0.95
        simple = {k: x for k, x in found["baselines"].items() if k != "boosted_trees"}
        best = max(baseline["auc"] for baseline in simple.values())
        assert (found["auc"] - best) / (found["oracle_auc"] - best) >= 0.5
        for baseline in found["baselines"].values():
            assert baseline["auc_difference"][0] > 0
            assert baseline["gauc_difference"][0] > 0
