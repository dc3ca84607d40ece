"""Several trainings are one model, from the run to the bundle."""

import numpy as np
import pytest
from measured_artifacts import strict_json
from project_runs import must_run
from served_runs import bundle_of, requests_of_test

from mmctr import Scorer


@pytest.mark.system
def test_a_bundle_of_two_trainings_gives_the_scores_of_their_mean(finished_project):
    project = finished_project
    reporting = project / "data" / "08_reporting" / "test"
    before = strict_json(reporting / "training.json")
    params = "ctr_modeling.training.seeds=2"
    for pipeline in ("ctr_modeling", "reporting", "bundle"):
        must_run(
            *(project, "--env", "test", "--pipeline", pipeline, "--params", params)
        )
    history = strict_json(reporting / "training.json")
    # The first of them is the training that there was without the second.
    assert history["seeds"][0]["validations"] == before["validations"]
    assert history["weights"] == 2 * before["weights"]
    requests, expected = requests_of_test(project, "test")
    bundle = bundle_of(project, "test")
    assert np.array_equal(Scorer.load(bundle).score_frame(requests), expected)
    found = history["mean_logit"]["logloss"]
    metrics = strict_json(reporting / "metrics.json")
    raw = metrics["valid"]["raw"]["logloss"]
    assert found == pytest.approx(raw)
    assert "mean of logits" in (reporting / "report.html").read_text("utf-8")
    assert "the mean of their logits" in (bundle / "card.md").read_text("utf-8")
    assert not list((project / "data/06_models/test/checkpoints").glob("*"))
