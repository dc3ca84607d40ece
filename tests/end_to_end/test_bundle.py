"""The bundle of a run on the tiny sample answers as the run did."""

import numpy as np
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
