"""The road at the challenge's size, its own two files of settings cut to seconds."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from omegaconf import OmegaConf
from project_runs import REPOSITORY, copy_project, must_run, write_config

from mmctr.data.sample.params import SampleParams

DATASET = "sample_microlens_1m"
SAMPLE_CONFIG = "sample_microlens_1m.yml"
RUN_CONFIG = "microlens_full_size.yml"
TINY_SAMPLE = {
    "n_items": 300,
    "n_topics": 6,
    "train_users": 500,
    "valid_users": 60,
    "test_users": 80,
}
TINY_RUN = {
    "device": "cpu",
    "quantization": {"pq": {"positions": 8, "codebook_size": 16, "iterations": 2}},
    "ctr_modeling": {
        "model": {"embedding_dim": 4, "attention_units": [8], "dnn_units": [8]},
        "training": {"batch_size": 128},
        "evaluation": {"resamples": 20},
    },
}


def params_of(name: str) -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "conf" / name).read_text())["run"]["params"]


def cut(name: str, sizes: dict[str, Any]) -> dict[str, Any]:
    """The file's settings with some of them smaller."""
    merged = OmegaConf.merge(copy.deepcopy(params_of(name)), sizes)
    return OmegaConf.to_container(merged)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project in which both files have run, and what the second run printed."""
    project = copy_project(tmp_path_factory.mktemp("full_size"))
    sample = cut(SAMPLE_CONFIG, {"sample": TINY_SAMPLE})
    config = write_config(project / "sample.yml", params=sample)
    must_run(project, "--pipeline", "sample", "--config", config)
    config = write_config(project / "run.yml", params=cut(RUN_CONFIG, TINY_RUN))
    return project, must_run(project, "--env", "microlens", "--config", config).output


def test_the_preset_has_the_challenges_size_and_a_folder_of_its_own():
    params = SampleParams(seed=0, **params_of(SAMPLE_CONFIG)["sample"])
    rows = [4 * n for n in (params.train_users, params.valid_users, params.test_users)]
    assert params.n_items == 91_717
    assert rows == [3_600_000, 10_000, 379_000]
    assert (params.text_width, params.image_width, params.title_width) == (
        768,
        1024,
        1024,
    )
    real = yaml.safe_load((REPOSITORY / "conf/microlens/globals.yml").read_text())
    assert params.name != Path(real["raw_dir"]).name
    assert params.name == Path(params_of(RUN_CONFIG)["raw_dir"]).name == DATASET


def test_the_run_changes_nothing_of_the_references_model():
    model = params_of(RUN_CONFIG)
    assert model["quantization"]["method"] == "pq"
    assert model["quantization"]["pq"]["positions"] == 512
    assert model["quantization"]["pq"]["codebook_size"] == 1024
    assert model["ctr_modeling"] == {"training": {"max_epochs": 1}}


@pytest.mark.system
def test_the_files_lie_in_their_own_folder(finished):
    project, _ = finished
    assert [path.name for path in (project / "data/01_raw").iterdir()] == [DATASET]
    train = project / f"data/01_raw/{DATASET}/MicroLens_1M_x1/train.parquet"
    assert pq.read_metadata(train).num_rows == 2000


@pytest.mark.system
def test_titles_are_the_ready_vectors_and_codes_are_pqs(finished):
    project, _ = finished
    ready = np.load(
        project / f"data/01_raw/{DATASET}/MicroLens_1M_MMCTR/gpt_embedding.npy"
    )
    used = np.load(project / f"data/04_feature/{DATASET}/vectors/title.npy")[1:]
    np.testing.assert_allclose(used, ready, atol=1e-6)
    assert used.shape == (300, 1024)
    for modality in ("title", "image"):
        codes = np.load(project / f"data/04_feature/{DATASET}/codes/{modality}.npy")
        assert codes.shape == (300, 8)


@pytest.mark.system
def test_one_epoch_ends_with_a_submission_and_its_times(finished):
    project, output = finished
    reports = project / f"data/08_reporting/{DATASET}"
    training = json.loads((reports / "training.json").read_text())
    assert len(training["validations"]) == 1
    submission = json.loads((reports / "submission.json").read_text())
    assert submission["rows"] == 320
    times = json.loads((reports / "run.json").read_text())
    # The sample's run wrote into the same file before.
    assert {"generate_sample", "train_model"} <= set(times["nodes"])
    assert "generate_sample" not in times["last_run"]["nodes"]
    assert f"{len(times['last_run']['nodes'])} nodes in " in output
