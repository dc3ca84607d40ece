"""Several processes train the same function as one, and resume each other's work."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
from killed_trainings import KilledOnce
from rank_processes import run_in_ranks
from torch import nn
from worlds import ctr_params, log_with_statistics, random_table, with_vectors

from mmctr.ctr.training import fit
from mmctr.ctr.training.across_ranks import share_batches
from mmctr.ctr.training.fit import train_ctr_model
from mmctr.runtime.ranks import Ranks

STATISTICS = ["popularity", "lexical"]
MODEL = {
    "attention_dropout": 0.1,
    "dnn_dropout": 0.2,
    "item_id_dropout": 0.3,
    "field_dropout": 0.1,
    "mhta": {"dropout": 0.1},
    "stca": {"dropout": 0.1},
}
TRAINING = {
    "batch_size": 50,
    "weight_average": 0.9,
    "clip_norm": 0.05,
    "embedding_l2": 1e-3,
    "network_l2": 1e-3,
    "weight_decay": 0.01,
}
# The last of three batches has fewer rows than there are processes.
ROWS = 102


class Recorded(pl.Callback):
    """Loss, norm, gradients and weights of every step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, np.ndarray]] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: Any, outputs: Any, *_: object
    ) -> None:
        found = {"loss": outputs["loss"], "norm": module.gradient_norm}
        for name, weight in module.model.named_parameters():
            found |= {f"gradient {name}": weight.grad, f"weight {name}": weight.data}
        self.steps.append(
            {x: each.detach().numpy().copy() for x, each in found.items()}
        )


@pytest.fixture(scope="module", autouse=True)
def _layers_are_imported():
    """Once, and not in every process."""
    import fuxictr.pytorch.layers  # noqa: F401


@pytest.fixture
def in_double_precision(monkeypatch):
    """A bias before batch normalisation has no gradient but rounding, and Adam makes a
    whole step of it: in double precision that is below its epsilon."""
    monkeypatch.setitem(fit.LIGHTNING_PRECISION, "fp32", "64-true")


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(1)
    train, valid = (
        log_with_statistics(rng, rows, STATISTICS, levels=True) for rows in (ROWS, 61)
    )
    train = replace(train, weight=rng.random(ROWS).astype(np.float32) + 0.5)
    return with_vectors(rng, random_table(rng)), train, valid


def params_of(name: str, **training: Any):
    content = "codes+continuous+similarity"
    params = ctr_params(
        features={"content": content, "item_id": True, "statistics": STATISTICS},
        model={"name": name, **MODEL},
        training={"max_epochs": 1, **TRAINING, **training},
    )
    kept = params.checkpoint.model_copy(update={"every_steps": 4})
    return params.model_copy(update={"checkpoint": kept})


def train(world, params, checkpoints: Path | None = None, killed_at: int | None = None):
    table, log, valid = world
    recorded = Recorded()
    callbacks: list[pl.Callback] = [recorded]
    if killed_at is not None:
        callbacks.append(KilledOnce(killed_at, checkpoints / "killed"))
    groups = np.arange(len(valid)) // 4
    trained = train_ctr_model(
        table, log, valid, groups, params, callbacks=callbacks, checkpoints=checkpoints
    )
    weights = {name: weight.numpy() for name, weight in trained.weights.items()}
    return recorded.steps, weights, trained.history


def require_close(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, expected in one.items():
        np.testing.assert_allclose(other[name], expected, 1e-6, 1e-6, err_msg=name)


# Batch normalisation takes them away.
CENTRED = ("weight head.layers.0.bias", "weight head.layers.4.bias")

CASES = [
    ("din", {}),
    ("stca", {}),
    ("mhta", {}),
    ("qin", {}),
    ("din", {"loss": "bce+pairwise"}),
    ("din", {"loss": "bce+listwise", "label_smoothing": 0.1}),
]


@pytest.mark.system
@pytest.mark.usefixtures("in_double_precision")
@pytest.mark.parametrize(("name", "training"), CASES)
def test_steps_are_those_of_one_process(world, tmp_path, name, training):
    params = params_of(name, **training)
    (one,) = run_in_ranks(1, train, world, params, folder=tmp_path)
    assert len(one[0]) == 3
    assert one[0][0]["norm"] > params.training.clip_norm
    for count in (2, 3):
        for steps, weights, history in run_in_ranks(
            count, train, world, params, folder=tmp_path
        ):
            for mine, expected in zip(steps, one[0], strict=True):
                require_close(expected, mine)
            require_close(one[1], weights)
            for mine, expected in zip(
                history["validations"], one[2]["validations"], strict=True
            ):
                assert mine == pytest.approx(expected)


@pytest.mark.system
def test_in_single_precision_they_are_to_rounding(world, tmp_path):
    params = params_of("din")
    (one,) = run_in_ranks(1, train, world, params, folder=tmp_path)
    for steps, *_ in run_in_ranks(3, train, world, params, folder=tmp_path):
        for mine, expected in zip(steps, one[0], strict=True):
            for name in expected:
                # What batch normalisation takes away.
                if name not in (
                    "weight head.layers.0.bias",
                    "weight head.layers.4.bias",
                ):
                    require_close({name: expected[name]}, {name: mine[name]})


@pytest.mark.system
@pytest.mark.usefixtures("in_double_precision")
@pytest.mark.parametrize("resumed_by", [1, 3])
def test_killed_in_mid_epoch_others_go_on(world, tmp_path, resumed_by):
    """9 batches per epoch, a checkpoint every 4 steps: the last three are lost."""
    # Without L2, which would let Adam enlarge the rounding of centred biases.
    own = {"batch_size": 12, "learning_rate": 0.02, "network_l2": 0.0}
    params = params_of("din", max_epochs=3, **own)
    (whole,) = run_in_ranks(1, train, world, params, folder=tmp_path)
    kept = tmp_path / "checkpoints"
    kept.mkdir()
    failed = run_in_ranks(2, train, world, params, kept, 15, folder=tmp_path)
    assert failed[1] is None
    assert isinstance(failed[0], Exception)
    for steps, weights, history in run_in_ranks(
        resumed_by, train, world, params, kept, folder=tmp_path
    ):
        assert len(steps) == len(whole[0]) - 12
        require_close(whole[0][-1], steps[-1])
        require_close(whole[1], weights)
        assert history["best_step"] == whole[2]["best_step"]


def test_layers_that_see_only_a_part_are_refused():
    for layer, ours in ((nn.Dropout(0.1), "StepDropout"), (nn.BatchNorm1d(2), "Plain")):
        share_batches(nn.Sequential(layer), Ranks(), "own")
        with pytest.raises(ValueError, match=f"layer 0 is a torch .*; use {ours}"):
            share_batches(nn.Sequential(layer), Ranks(0, 2), "own")


@pytest.mark.system
def test_dropout_between_tokens_is_refused(world, tmp_path):
    params = params_of("transformer")
    transformer = params.model.transformer.model_copy(update={"dropout": 0.1})
    model = params.model.model_copy(update={"transformer": transformer})
    params = params.model_copy(update={"model": model})
    for error in run_in_ranks(2, train, world, params, folder=tmp_path):
        assert "set ctr_modeling.model.transformer.dropout=0" in str(error)
