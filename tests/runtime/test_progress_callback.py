"""Lightning's training as one bar: the steps of all epochs."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from mmctr.runtime import progress_callback
from mmctr.runtime.progress_callback import ProgressCallback

ROWS = torch.ones(12, 1)


class Recorder:
    """Stands for a bar and remembers its updates."""

    def __init__(self, label, total, **options):
        self.label, self.total, self.options = label, total, options
        self.seen, self.n = [], 0.0
        bars.append(self)

    def update(self, units=1):
        self.seen.append(units)
        self.n += units
        assert self.n <= self.total

    def set_postfix_str(self, text, refresh):
        self.seen.append(text)

    def close(self):
        self.seen.append("close")


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
    monkeypatch.setattr(progress_callback, "progress_bar", Recorder)

    def run(model, **options):
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=2,
            callbacks=[ProgressCallback("x", show=True, metric="auc")],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            **options,
        )
        trainer.fit(model, DataLoader(ROWS, 4), DataLoader(ROWS, 6))

    return run


def test_one_bar_counts_the_steps_of_all_epochs(fit):
    fit(Model())
    (bar,) = bars
    assert bar.label == "x"
    assert bar.total == 6
    assert bar.options == {"show": True, "done": 0, "may_stop_early": True}
    assert bar.seen.count(1) == 6
    assert bar.seen[-1] == "close"


def test_each_validation_says_its_metric(fit):
    fit(Model())
    assert [x for x in bars[0].seen if "auc" in str(x)] == ["auc 0.5", "auc 0.75"]


def test_an_error_closes_the_bar(fit):
    with pytest.raises(RuntimeError, match="broken"):
        fit(Model(fail_at=2))
    assert bars[0].seen[-1] == "close"
