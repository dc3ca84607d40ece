"""Lightning's training as one bar: all epochs, validations included."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from mmctr.runtime import progress_callback
from mmctr.runtime.progress_callback import ProgressCallback

ROWS = torch.ones(12, 1)


class Recorder:
    """Stands for a bar and remembers what it is told."""

    def __init__(self, label, steps, **options):
        self.label, self.steps, self.options = label, dict(steps), options
        self.told = []
        bars.append(self)

    def begin(self):
        self.told.append("begin")

    def advance(self, phase):
        self.told.append(phase)

    def note(self, text):
        self.told.append(text)

    def close(self):
        self.told.append("close")


bars: list[Recorder] = []


class Model(pl.LightningModule):
    def __init__(self, fail_at=None):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.fail_at = fail_at

    def training_step(self, batch, batch_idx):
        if self.global_step == self.fail_at:
            raise RuntimeError("broken")
        return self.layer(batch).mean()

    def validation_step(self, batch, batch_idx):
        self.log("auc", 0.5 + self.current_epoch / 4)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.fixture
def fit(monkeypatch):
    """Train two epochs of three steps with two validation steps each."""
    bars.clear()
    monkeypatch.setattr(progress_callback, "Progress", Recorder)

    def run(model, **options):
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=2,
            callbacks=[
                ProgressCallback("x", show=True, validation_rows_ratio=6, metric="auc")
            ],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            **options,
        )
        trainer.fit(model, DataLoader(ROWS, 4), DataLoader(ROWS, 6))

    return run


def test_one_bar_counts_all_epochs_and_validations(fit):
    fit(Model())
    (bar,) = bars
    assert bar.label == "x"
    assert bar.steps == {"train": 6, "valid": 4}
    assert bar.options == {"show": True, "guess": {"valid": 2}, "may_stop_early": True}
    assert bar.told.count("train") == 6
    assert bar.told.count("valid") == 4
    assert bar.told[-1] == "close"


def test_each_validation_says_its_metric(fit):
    fit(Model())
    assert [x for x in bars[0].told if x.startswith("auc")] == ["auc 0.5", "auc 0.75"]


def test_every_validation_of_an_epoch_counts(fit):
    fit(Model(), val_check_interval=1)
    (bar,) = bars
    assert bar.steps == {"train": 6, "valid": 12}
    assert bar.told.count("valid") == 12


def test_what_lies_between_phases_is_not_timed(fit):
    fit(Model())
    told = bars[0].told
    for before, after in zip(told, told[1:], strict=False):
        if {before, after} == {"train", "valid"}:
            pytest.fail(f"{before} and {after} touch each other")
    assert told[0] == "begin"


def test_an_error_closes_the_bar(fit):
    with pytest.raises(RuntimeError, match="broken"):
        fit(Model(fail_at=2))
    assert bars[0].told[-1] == "close"
