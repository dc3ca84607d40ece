"""Each group of features improves the model on the planted world."""

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import warm_kedro
from project_runs import REPOSITORY, ROAD, copy_project, must_run
from score_intervals import ScoreIntervals, paired_intervals

from mmctr.evaluation.params import EvaluationParams

# Models of different seeds differ, so what is compared is the mean of two.
SEEDS = (1, 2)
EPOCHS = 3
"""Half of the default: each group's gain is there by then."""


class Arms:
    """Models of one data set that differ in nothing but their features."""

    def __init__(self, project: Path) -> None:
        must_run(project, "--pipeline", "sample")
        must_run(project, "--pipelines", ",".join(ROAD[: ROAD.index("baselines")]))
        warm_kedro.server_address()  # before threads ask for it
        self._rows = pq.read_table(project / "data/03_primary/sample/test.parquet")
        # A project a seed: they are trained side by side.
        self._projects = {seed: project.with_name(f"seed-{seed}") for seed in SEEDS}
        for copy in self._projects.values():
            shutil.copytree(project, copy)

    def scores(self, *features: str) -> np.ndarray:
        """Mean probabilities of the test rows with features set, over the seeds."""
        with ThreadPoolExecutor(len(SEEDS)) as pool:
            scores = pool.map(lambda seed: self._probabilities(seed, features), SEEDS)
            return np.mean(list(scores), axis=0)

    def gain(self, more: np.ndarray, fewer: np.ndarray) -> ScoreIntervals:
        """95 % intervals of ``more`` minus ``fewer``, over users."""
        users = self._rows["group_id"].to_numpy()
        labels = self._rows["label"].to_numpy()
        params = EvaluationParams(seed=0)
        return paired_intervals(labels, more, fewer, users, users, params)

    def _probabilities(self, seed: int, features: tuple[str, ...]) -> np.ndarray:
        project = self._projects[seed]
        settings = [f"seed={seed}", f"ctr_modeling.training.max_epochs={EPOCHS}"]
        settings += [f"ctr_modeling.features.{feature}" for feature in features]
        _train(project, ",".join(settings))
        output = project / "data/07_model_output/sample/test_predictions.parquet"
        predictions: pa.Table = pq.read_table(output)
        return predictions["probability"].to_numpy()


def _train(project: Path, params: str) -> None:
    """Train and score test as a process, with its share of the cores.

    The scores are compared here: what the pipeline measures is left out.
    """
    threads = max(1, (os.cpu_count() or 1) // len(SEEDS))
    with tempfile.TemporaryFile("w+") as output:
        run = warm_kedro.WarmKedro(
            project,
            ("run", "--nodes", "train_model,predict_test", "--params", params),
            environment={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
            stdout=output,
            stderr=output,
            patch=f"import torch; torch.set_num_threads({threads})",
        )
        code = run.wait()
        output.seek(0)
        assert code == 0, output.read()


@pytest.fixture(scope="module")
def arms(tmp_path_factory):
    return Arms(copy_project(tmp_path_factory.mktemp("groups")))


@pytest.fixture(scope="module")
def full(arms):
    return arms.scores()


@pytest.mark.evidence
@pytest.mark.parametrize(
    "less",
    [f"without=[{x},row_likes,row_views]" for x in ("tags", "likes", "views")]
    + ["modalities=[image]", "modalities=[title]"],
)
def test_a_model_without_a_group_of_features_is_worse(
    arms, full, less, record_property
):
    gain = arms.gain(full, arms.scores(less))
    record_property("auc", gain.auc)
    record_property("gauc", gain.gauc)
    assert gain.auc[0] > 0
    assert gain.gauc[1] > 0
