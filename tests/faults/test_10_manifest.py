"""Case 10: artifacts know where they come from, and are not mixed by accident."""

import json
import shutil
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from fault_runs import Run, kedro, said
from project_runs import files_below

OUTPUTS = ("codes", "codes/title.npy", "ctr_weights", "test_predictions", "submission")


def manifest_of(project: Path) -> dict[str, Any]:
    return json.loads((project / "data/08_reporting/test/manifest.json").read_text())


def nodes_that_ran(text: str) -> set[str]:
    """Of the lines ``... mmctr.node: NAME: inputs -> outputs``."""
    words = text.split()
    return {
        name.rstrip(":") for marker, name in pairwise(words) if marker == "mmctr.node:"
    }


def test_two_runs_of_one_seed_have_one_manifest(project, finished):
    shutil.copytree(finished / "data/01_raw", project / "data/01_raw")
    assert kedro(project, "run", "--env", "test").returncode == 0
    one, other = manifest_of(finished), manifest_of(project)
    for name in OUTPUTS:
        assert one["outputs"][name] == other["outputs"][name], name
        assert len(one["outputs"][name]) == 64
    assert one["inputs"] == other["inputs"]
    assert one["parameters"] == other["parameters"]
    assert one["versions"] == other["versions"]
    assert {"mmctr", "commit", "python", "torch", "kedro"} <= set(one["versions"])
    assert one["seed"] == one["parameters"]["seed"] == 20242025
    train = "data/01_raw/test/MicroLens_1M_x1/train.parquet"
    assert train in one["inputs"]


def test_other_parameters_are_named_refused_and_made_again(finished_project):
    project = finished_project
    pq_codes = "--params=quantization.method=pq"
    done = kedro(project, "run", "--env=test", "--nodes=build_submission", pq_codes)
    assert done.returncode == 0
    for words in (
        "codes: made with quantization.method=rq_kmeans",
        "asked now: quantization.method=pq",
        "test_predictions",
    ):
        assert words in said(done)
    before = files_below(project / "data")
    refused = kedro(
        project,
        "run",
        "--env=test",
        "--pipeline=ctr_modeling",
        f"{pq_codes},strict=true",
    )
    assert refused.returncode == 1
    assert "codes: made with quantization.method=rq_kmeans" in said(refused)
    assert "Refused, as strict is true" in said(refused)
    assert files_below(project / "data") == before

    kept = manifest_of(project)["outputs"]
    again = kedro(
        project,
        "run",
        "--env=test",
        "--pipeline=quantization",
        "--only-missing-outputs",
        pq_codes,
    )
    assert again.returncode == 0
    assert nodes_that_ran(said(again)) >= {"quantize_items", "draw_codebook_usage"}
    assert "find_cold_items" not in nodes_that_ran(said(again))
    made = manifest_of(project)
    assert made["outputs"]["codes"] != kept["codes"]
    assert made["outputs"]["ctr_weights"] == kept["ctr_weights"]
    assert made["made"]["codes"]["parameters"]["quantization.method"] == "pq"


def test_changed_raw_files_and_artifacts_changed_by_hand_are_stale(finished_project):
    project = finished_project
    codes = project / "data/04_feature/test/codes/image.npy"
    array = np.load(codes)
    np.save(codes, array[::-1])
    done = kedro(
        project, "run", "--env=test", "--pipeline=ctr_modeling", "--params=strict=true"
    )
    assert done.returncode == 1
    assert "codes: codes/image.npy is not the file" in said(done)

    raw = project / "data/01_raw/test/MicroLens_1M_x1/train.parquet"
    pq.write_table(pq.read_table(raw).slice(5), raw)
    done = kedro(
        project, "run", "--env=test", "--pipeline=embedding", "--params=strict=true"
    )
    assert done.returncode == 1
    assert "made from source MicroLens_1M_x1/train.parquet sha256" in said(done)
    again = kedro(project, "run", "--env=test", "--only-missing-outputs")
    assert again.returncode == 0
    assert {"prepare_tables", "quantize_items"} <= nodes_that_ran(said(again))
    done = kedro(project, "run", "--env=test", "--only-missing-outputs")
    assert nodes_that_ran(said(done)) == set()


def test_a_killed_run_leaves_a_true_manifest(finished_project):
    """What it had made is recorded; what it had not stays, and counts as missing."""
    project = finished_project
    with Run(project, "run", "--env=test", "--params=seed=3"):
        until = time.monotonic() + 170
        while manifest_of(project)["seed"] != 3 and time.monotonic() < until:
            time.sleep(0.02)
    left = manifest_of(project)
    made = {
        name
        for name, entry in left["made"].items()
        if 3 in entry["parameters"].values()
    }
    assert "train" in made
    assert "metrics" not in made
    again = kedro(
        project, "run", "--env=test", "--only-missing-outputs", "--params=seed=3"
    )
    assert again.returncode == 0
    assert "evaluate_predictions" in nodes_that_ran(said(again))
    assert "prepare_tables" not in nodes_that_ran(said(again))
