"""Every preset of the challenge, cut to seconds, on the synthetic sample's files."""

import json
import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from project_runs import REPOSITORY, copy_project, must_run
from safetensors.numpy import load_file

from mmctr import Scorer

pytestmark = pytest.mark.system

SAMPLE = "sample.n_items=600,sample.train_users=1500,sample.test_users=200"
SMALL = ",".join(
    (
        "raw_dir=data/01_raw/sample,device=cpu",
        "embedding.provider=lsa,embedding.lsa.dimensions=16",
        "quantization.rq_kmeans.levels=2,quantization.rq_kmeans.codebook_size=32",
        "baselines.boosted_trees.max_rounds=5",
        "ctr_modeling.model.embedding_dim=8",
        "ctr_modeling.model.attention_units=[16],ctr_modeling.model.dnn_units=[32,16]",
        "ctr_modeling.training.batch_size=64,ctr_modeling.training.learning_rate=.005",
        "ctr_modeling.training.max_epochs=2,ctr_modeling.evaluation.resamples=20",
    )
)
FUSED = "embedding.modalities.fused.column=item_emb_d128,"
FUSED += "ctr_modeling.model.continuous.width=16"
OF_FUSED = {"item_id", "fields", "fused_vector"}
OF_BOTH = {
    f"{name}_{form}" for name in ("title", "image") for form in ("codes", "vector")
}
PRESETS = {
    # the model in the card's words, and the features of items
    "tol1ve": ("stacked attention of the target to a history", OF_FUSED),
    "gavin113": ("multi-head attention of the target to a history", OF_FUSED),
    "momo": ("a transformer over history and target; head dcn_v2", OF_FUSED),
    "target_only": ("the target alone, without a history; head dcn_v2", OF_FUSED),
    "ours": (
        "stacked attention of the target to a history",
        {"item_id", "fields"} | OF_BOTH,
    ),
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the sample's files."""
    project = copy_project(tmp_path_factory.mktemp("presets"))
    must_run(project, "--pipeline", "sample", "--params", SAMPLE)
    return project


def test_all_presets_are_tested():
    files = {x.stem.removeprefix("microlens_") for x in presets()}
    assert files - {"best_form", "full_size", "smoke"} == set(PRESETS)


def presets() -> list[Path]:
    return sorted((REPOSITORY / "conf").glob("microlens_*.yml"))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_runs_to_its_bundle(sample, name):
    own = SMALL if name == "ours" else f"{SMALL},{FUSED}"
    config = str(sample / f"conf/microlens_{name}.yml")
    page = must_run(sample, "--config", config, "--params", own).output
    assert f"kedro run --config {config} --params {shlex.quote(own)} --pip" in page
    model, items = PRESETS[name]
    folder = sample / f"data/06_models/microlens_{name}"
    weights = load_file(folder / "ctr_weights.safetensors")
    groups = [x.split(".")[2] for x in weights if x.startswith("items.features.")]
    assert set(groups) == items
    card = (folder / "model_card.md").read_text()
    assert f"| architecture | {model} |" in card
    reports = sample / f"data/08_reporting/microlens_{name}"
    assert json.loads((reports / "metrics.json").read_text())["test"]["auc"] > 0.55
    Scorer.load(folder / "bundle")


def test_the_pages_slice_of_train_shares_no_user(sample, monkeypatch):
    page = (REPOSITORY / "docs/challenge.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(sample)
    lines = [x.removeprefix("    ") for x in block.splitlines()]
    block = "\n".join(lines).replace("DIR", "data/01_raw/sample")
    exec(block.replace("[2_500, 52_500]", "[200, 500]"), {})
    folder = sample / "data/01_raw/held_out"
    users = {
        path.stem: set(pq.read_table(path)["user_id"].to_pylist())
        for path in (folder / "MicroLens_1M_x1").glob("[tv]*.parquet")
    }
    assert [len(users[part]) for part in ("valid", "test", "train")] == [200, 300, 1000]
    assert len(set.union(*users.values())) == 1500
    held_out = "raw_dir=data/01_raw/held_out,dataset=held_out"
    must_run(
        sample, "--env", "microlens", "--pipeline", "preparation", "--params", held_out
    )
