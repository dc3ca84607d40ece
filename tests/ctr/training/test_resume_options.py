"""What a training may have beside its defaults is resumed to the last bit, too."""

from typing import Any

import numpy as np
import pytest
from killed_trainings import KillAt, Killed, Steps, require_equal, train
from worlds import ctr_params, log_with_statistics, random_table

KINDS = ["lexical", "popularity"]
# 12 batches per pass, 6 between validations, a checkpoint every 4 steps.
TRAINING = {
    "batch_size": 32,
    "learning_rate": 0.05,
    "max_epochs": 3,
    "validations_per_epoch": 2,
    "patience": 9,
    "weight_average": 0.9,
    "warmup_steps": 9,
    "weight_decay": 0.5,
    "label_smoothing": 0.1,
    "embedding_learning_rate": 0.02,
    "network_l2": 0.01,
}


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    return (
        random_table(rng),
        log_with_statistics(rng, 384, KINDS),
        log_with_statistics(rng, 120, KINDS),
    )


def params_of(**training: Any):
    params = ctr_params(
        features={"statistics": KINDS},
        model={"attention_dropout": 0.1, "dnn_dropout": 0.1, "item_id_dropout": 0.2},
        training={**TRAINING, **training},
    )
    kept = params.checkpoint.model_copy(update={"every_steps": 4})
    return params.model_copy(update={"checkpoint": kept})


@pytest.mark.parametrize(
    "options",
    [
        {"schedule": "cosine", "monitor": "logloss"},
        {"monitor": "logloss", "lr_factor": 0.5, "learning_rate": 0.5},
        {"schedule": "cosine", "monitor": "gauc", "loss": "bce+listwise"},
    ],
    ids=["cosine", "plateau", "listwise"],
)
def test_a_killed_training_gives_the_same_result(world, tmp_path, options):
    """Killed in the warm-up, in and after a validation, and late."""
    params = params_of(**options)
    whole = train(world, params, None)
    rates = [x["learning_rate"] for x in whole.history["validations"]]
    assert len(set(rates)) > 2
    for step, in_validation in ((5, False), (6, True), (7, False), (25, False)):
        with pytest.raises(Killed):
            train(world, params, tmp_path, KillAt(step, in_validation=in_validation))
    steps = Steps()
    require_equal(train(world, params, tmp_path, steps), whole)
    assert steps.count == whole.history["steps"] - 24
