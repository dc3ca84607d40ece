"""Each group of features earns its place on the planted world."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from project_runs import ROAD, copy_project, must_run

from mmctr.evaluation import PairedIntervals, paired_intervals
from mmctr.evaluation.params import EvaluationParams

# Models of different seeds differ, so what is compared is the mean of two.
SEEDS = (1, 2)


class Arms:
    """Models of one data set that differ in nothing but their features."""

    def __init__(self, project: Path) -> None:
        self._project = project
        must_run(project, "--pipeline", "sample")
        for pipeline in ROAD[: ROAD.index("ctr_modeling")]:
            must_run(project, "--pipeline", pipeline)
        self._rows = pq.read_table(project / "data/03_primary/sample/test.parquet")

    def scores(self, *features: str) -> np.ndarray:
        """Mean probabilities of the test rows with features set, over the seeds."""
        return np.mean([self._probabilities(seed, features) for seed in SEEDS], axis=0)

    def gain(self, more: np.ndarray, fewer: np.ndarray) -> PairedIntervals:
        """95 % intervals of ``more`` minus ``fewer``, over users."""
        users = self._rows["group_id"].to_numpy()
        labels = self._rows["label"].to_numpy()
        params = EvaluationParams(seed=0)
        return paired_intervals(labels, more, fewer, users, users, params)

    def _probabilities(self, seed: int, features: tuple[str, ...]) -> np.ndarray:
        settings = [f"seed={seed}"]
        settings += [f"ctr_modeling.features.{feature}" for feature in features]
        must_run(
            self._project, "--pipeline", "ctr_modeling", "--params", ",".join(settings)
        )
        output = self._project / "data/07_model_output/sample/test_predictions.parquet"
        predictions: pa.Table = pq.read_table(output)
        return predictions["probability"].to_numpy()


@pytest.fixture(scope="module")
def arms(tmp_path_factory):
    return Arms(copy_project(tmp_path_factory.mktemp("groups")))


@pytest.fixture(scope="module")
def full(arms):
    return arms.scores()


@pytest.mark.evidence
@pytest.mark.parametrize(
    "feature", ["tags", "likes", "views", "title_codes", "image_codes"]
)
def test_a_model_without_a_group_of_features_is_worse(
    arms, full, feature, record_property
):
    gain = arms.gain(full, arms.scores(f"{feature}=false"))
    record_property("auc", gain.auc)
    record_property("gauc", gain.gauc)
    assert gain.auc[0] > 0
    assert gain.gauc[1] > 0
