"""Several trainings, each of which goes on by itself."""

import json

import pyarrow.parquet as pq
import pytest
from later_runs import later_params, run_later, write_later_log
from project_runs import copy_project, must_run
from safetensors.torch import load_file
from served_runs import bundle_of, rich_params, run_log, write_rich_log

from mmctr import Scorer

# Two runs of the pipelines.
pytestmark = pytest.mark.system


def test_each_of_two_trainings_goes_on_with_vectors_made_of_codes(tmp_path):
    project = copy_project(tmp_path / "project")
    write_rich_log(project / "raw")
    params = rich_params(content="codes+continuous+similarity", vectors="decoded")
    params["ctr_modeling"]["training"] |= {"seeds": 2}
    run_log(project, params)
    write_later_log(project / "raw", project / "later")
    must_run(project, *run_later(project, later_params(project, params, replay=0.5)))

    folder = project / "data" / "08_reporting" / "later"
    history = json.loads((folder / "training.json").read_text())
    assert len(history["seeds"]) == 2
    for each in history["seeds"]:
        assert each["validations"][0]["step"] == 0 < each["steps"]
    assert history["went_on_from"]["replayed_rows"] > 0
    before, after = (
        load_file(bundle_of(project, name) / "weights.safetensors")
        for name in ("rich", "later")
    )
    for own, other in ((0, 1), (1, 0)):
        layer = after[f"seeds.{own}.head.layers.0.weight"]
        moved, apart = (
            (layer - before[f"seeds.{seed}.head.layers.0.weight"]).norm()
            for seed in (own, other)
        )
        assert moved < 0.5 * apart
    items = pq.read_table(project / "later" / "items.parquet")["item_id"].to_pylist()
    scores = Scorer.load(bundle_of(project, "later")).score(items[-3:], items)
    assert len(scores) == len(items) and 0 < scores.min() < scores.max() < 1
