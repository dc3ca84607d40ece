"""The number of threads changes no weight and no prediction."""

import functools
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from worlds import ctr_params, log_with_statistics, random_table, with_vectors

from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import train_ctr_model

HELPERS = Path(__file__).parents[2] / "helpers"
FEATURES = {
    "content": "codes+continuous+similarity",
    "statistics": ["popularity", "lexical"],
}
DROPOUTS = {"attention_dropout": 0.2, "dnn_dropout": 0.2, "item_id_dropout": 0.2}
# Odd numbers leave a rest to every thread.
SIZES = {
    "small": {"continuous": {"components": 3}},
    "wide": {
        "embedding_dim": 33,
        "attention_units": [257, 64],
        "dnn_units": [515, 256],
    },
    "wide_bags": {
        "code_entry": "bag",
        "embedding_dim": 64,
        "attention_units": [256],
        "dnn_units": [1024, 300],
    },
}
TRAINING = {
    "learning_rate": 0.01,
    "embedding_l2": 1e-4,
    "weight_decay": 0.1,
    "weight_average": 0.9,
    "max_epochs": 1,
    "validations_per_epoch": 2,
}


def digests(size: str) -> str:
    """Train and predict; digests of the weights and of the scores."""
    rng = np.random.default_rng(0)
    table = _with_wide_vectors(rng, with_vectors(rng, random_table(rng)))
    train, valid = (
        log_with_statistics(rng, rows, FEATURES["statistics"]) for rows in (4000, 1500)
    )
    params = ctr_params(
        features=FEATURES,
        model=DROPOUTS | SIZES[size],
        training=TRAINING | {"batch_size": 64 if size == "small" else 1031},
    )
    trained = train_ctr_model(table, train, valid, np.arange(len(valid)) // 4, params)
    scores = predict_clicks(table, trained.weights, valid, params)
    weights = b"".join(x.numpy().tobytes() for x in trained.weights.values())
    parts = (weights, scores.tobytes())
    return " ".join(hashlib.sha256(part).hexdigest() for part in parts)


def _with_wide_vectors(rng: np.random.Generator, table: ItemTable) -> ItemTable:
    """Titles of 384 columns, whose components take the threads of NumPy too."""
    wide = rng.normal(size=(table.n_items + 1, 384)).astype(np.float32)
    wide[0] = 0
    return replace(table, vectors=table.vectors | {"title": wide})


@functools.cache
def _with_threads(threads: int) -> dict[str, str]:
    """The digests of every size, from a process of its own."""
    result = subprocess.run(
        [sys.executable, __file__],
        env={
            **{
                name: each for name, each in os.environ.items() if "THREADS" not in name
            },
            "OMP_NUM_THREADS": str(threads),
            "OMP_WAIT_POLICY": "passive",
            "PYTHONPATH": os.pathsep.join([str(HELPERS), *sys.path]),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(result.stdout.splitlines()[-1])
    assert found.pop("threads") == threads
    return found


@pytest.mark.parametrize("size", SIZES)
def test_weights_and_scores_are_those_of_one_thread(size):
    if (os.cpu_count() or 1) == 1:
        pytest.skip("torch has one thread on a machine with one core")
    assert _with_threads(1)[size] == _with_threads(2)[size]


if __name__ == "__main__":
    found: dict[str, str | int] = {size: digests(size) for size in SIZES}
    found["threads"] = torch.get_num_threads()
    sys.stdout.write(json.dumps(found) + "\n")
