"""The reference's system, cut to size, against a real embedding service on loopback."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from e5_service import e5_service
from project_runs import copy_project, files_below, must_run
from safetensors.numpy import load_file

KEY = "a-key-that-must-not-be-found"
DATASET = "microlens_smoke"


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A project in which the smoke configuration has run, and what it printed."""
    project = copy_project(tmp_path_factory.mktemp("microlens"))
    sizes = "sample.n_items=2000,sample.train_users=6000,sample.test_users=2000"
    must_run(project, "--pipeline", "sample", "--params", sizes)
    with pytest.MonkeyPatch.context() as patch, e5_service() as url:
        patch.setenv("OPENAI_BASE_URL", url)
        patch.setenv("OPENAI_API_KEY", KEY)
        config = str(project / "conf" / "microlens_smoke.yml")
        result = must_run(project, "--env", "microlens", "--config", config)
    yield project, result.output


@pytest.mark.system
def test_titles_come_from_the_service(smoke):
    project, _ = smoke
    vectors = np.load(project / f"data/04_feature/{DATASET}/vectors/title.npy")[1:]
    assert vectors.shape == (2000, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    report = json.loads(
        (project / f"data/08_reporting/{DATASET}/embedding.json").read_text()
    )["title"]
    assert report["provider"] == "openai"
    assert report["requests"] > 0


@pytest.mark.system
def test_codes_and_model_are_the_references(smoke):
    project, _ = smoke
    settings = json.loads(
        (
            project / f"data/06_models/{DATASET}/quantizers/settings/title.json"
        ).read_text()
    )
    assert settings["method"] == "vqvae"
    assert settings["params"]["alpha"] == "std"
    weights = load_file(project / f"data/06_models/{DATASET}/ctr_weights.safetensors")
    assert "row_fields.table.weight" in weights
    # A bag: one table for all positions of a modality, codes + 1 and padding.
    for name in ("title", "image"):
        table = weights[f"items.features.{name}_codes.table.weight"]
        codes = np.load(project / f"data/04_feature/{DATASET}/codes/{name}.npy")
        assert table.shape == (codes.max() + 1, 16)
        assert codes.shape == (2000, 16)
        assert not table[0].any()


@pytest.mark.system
def test_the_submission_is_read_back(smoke):
    project, _ = smoke
    folder = project / f"data/07_model_output/{DATASET}"
    with zipfile.ZipFile(folder / "submission.zip") as archive:
        assert archive.namelist() == ["prediction.csv"]
        lines = archive.read("prediction.csv").decode().splitlines()
    scores = pq.read_table(folder / "test_predictions.parquet")["probability"]
    assert lines[0] == "ID,Task1&2"
    assert [line.split(",")[0] for line in lines[1:]] == [str(i) for i in range(8000)]
    written = np.array([float(line.split(",")[1]) for line in lines[1:]])
    np.testing.assert_array_equal(written, scores.to_numpy())


@pytest.mark.system
def test_the_key_is_nowhere(smoke):
    project, output = smoke
    assert KEY not in output
    for name, content in files_below(project / "data").items():
        assert KEY.encode() not in content, name
