"""Trials on two nodes, one of which is lost, give the study of one by one."""

import threading
import time
from functools import partial

import pytest
from local_clusters import local_nodes, lose_a_node
from tuning_worlds import STUDIES, small_trainer, trials_of

from mmctr.data.datasets import ResultStore, StudyFile
from mmctr.experiments.tuning.search import Search
from mmctr.experiments.tuning.spread_search import SpreadSearch
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.workers import run_on_workers

pytestmark = pytest.mark.system


def test_the_study_is_that_of_one_by_one_even_if_a_node_is_lost(tmp_path):
    studies, alone = (StudyFile(tmp_path / name / "s.db", 1) for name in "ab")
    trainer = small_trainer(**STUDIES["random"])
    expected = trials_of(Search(trainer.plan, trainer).run(alone))
    codes = ResultStore(tmp_path, "mmctr.data.datasets.ArrowDataset", ".parquet")
    with local_nodes(2) as (nodes, params), connected_cluster(params) as cluster:

        def lose_one() -> None:
            study, until = studies.open(trainer.plan.study), time.monotonic() + 100
            while time.monotonic() < until:
                if any(x.state.name == "COMPLETE" for x in study.get_trials()):
                    break
                time.sleep(0.05)
            lose_a_node(nodes)

        thread = threading.Thread(target=lose_one)
        thread.start()
        calls = partial(run_on_workers, cluster=cluster)
        fresh = small_trainer(**STUDIES["random"])
        study = SpreadSearch(fresh, codes, calls, cluster.workers).run(studies)
        thread.join()
    assert trials_of(study) == expected
