"""Case 8: loss or gradient that is not finite ends the training at that step."""

import re

import numpy as np
from fault_runs import kedro, said
from project_runs import files_below
from safetensors.numpy import load_file

RUN = ("run", "--env=test", "--pipeline=ctr_modeling")
BATCH = 128

POISON = """
import torch
from mmctr.ctr.training.lightning_module import CtrLightningModule
step = CtrLightningModule.training_step
def poisoned(self, batch, batch_idx):
    loss = step(self, batch, batch_idx)
    return loss * float("nan") if self.global_step == 7 else loss
CtrLightningModule.training_step = poisoned
"""


def rows_in(text: str) -> int:
    shown, more = re.search(
        r"on rows ([\d, ]+?) and (\d+) more of train", text
    ).groups()
    rows = [int(row) for row in shown.split(", ")]
    assert len(set(rows)) == len(rows)
    assert max(rows) < 1200
    return len(rows) + int(more)


def test_a_training_that_diverges_names_step_and_rows(finished_project):
    project = finished_project
    before = files_below(project / "data")
    done = kedro(
        project,
        *RUN,
        "--params=ctr_modeling.training.learning_rate=1e30,"
        "ctr_modeling.training.clip_norm=1e30,ctr_modeling.model.batch_norm=false",
    )
    assert done.returncode == 1
    text = said(done)
    assert re.search(r"(loss|gradient) is (nan|inf) at step 2,", text), text
    assert rows_in(text) == BATCH
    assert "lower ctr_modeling.training.learning_rate or clip_norm" in text
    assert "There was no validation before it" in text
    after = files_below(project / "data")
    assert {x: after[x] for x in before} == before
    assert "Saving data to ctr_weights" not in text


def test_the_best_weights_so_far_are_kept(finished_project):
    """The loss of step 8 is made NaN; the first validation was after step 5."""
    project = finished_project
    before = files_below(project / "data")
    patience = "--params=ctr_modeling.training.patience=4"
    done = kedro(project, *RUN, patience, patch=POISON)
    assert done.returncode == 1
    text = said(done)
    assert "the loss is nan at step 8, on rows" in text
    assert rows_in(text) == BATCH
    (kept,) = (project / "data/06_models/test/checkpoints").glob("*/best.safetensors")
    assert re.search(r"on valid, at step 5\) are kept in \S+/best.safetensors", text)
    weights = load_file(kept)
    own = load_file(project / "data/06_models/test/ctr_weights.safetensors")
    assert {x: y.shape for x, y in weights.items()} == {
        x: y.shape for x, y in own.items() if not x.startswith("calibration.")
    }
    assert all(np.isfinite(x).all() for x in weights.values())
    after = files_below(project / "data")
    assert {x: after[x] for x in before} == before
