"""Tiny trainings give the stored results of this result version."""

from pathlib import Path
from typing import Any

import numpy as np
from result_digests import require_stored_results
from worlds import click_log, ctr_params, random_table, with_vectors

from mmctr.ctr import RESULT_VERSION
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import train_ctr_model

DROPOUTS = {"attention_dropout": 0.2, "dnn_dropout": 0.2, "item_id_dropout": 0.2}
# Together they have every content form and every code embedding.
MODELS: dict[str, dict[str, Any]] = {
    "positional": {
        "features": {
            "content": "codes+continuous+similarity+matches",
        },
        "model": DROPOUTS,
        "levels": True,
    },
    "bag": {
        "features": {},
        "model": {"batch_norm": True},
        # One validation, so that rounding can't choose another one.
        "training": {"max_epochs": 1, "validations_per_epoch": 1},
    },
    "concat": {
        "features": {"content": "codes+similarity", "without": ["tags"]},
        "model": {
            "concat": {"width": 2},
            "similarity": {"buckets": 7, "counts": "share"},
        },
    },
    "prefix": {
        "features": {"content": "codes+continuous", "vectors": "decoded"},
        "model": {"continuous": {"components": 3, "normalize": "columns"}},
    },
}
# A bias before batch normalisation has only rounding errors as gradient, which Adam
# turns into whole steps; other processors round differently.
ROUNDING = {
    "head.layers.0.bias",
    "head.layers.1.running_mean",
    "head.layers.3.bias",
    "head.layers.4.running_mean",
    "validations",
    "scores",
}
TRAINING = {
    "batch_size": 32,
    "learning_rate": 0.01,
    "embedding_l2": 1e-3,
    "clip_norm": 0.5,
    "max_epochs": 2,
    "validations_per_epoch": 2,
    "max_history": 5,
}


def _results(code_entry: str) -> dict[str, np.ndarray]:
    settings = MODELS[code_entry]
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    levels = settings.get("levels", False)
    train, valid = (click_log(rng, rows, levels=levels) for rows in (160, 80))
    params = ctr_params(
        features=settings["features"],
        model={"code_entry": code_entry, "batch_norm": False, **settings["model"]},
        training=TRAINING | settings.get("training", {}),
    )
    trained = train_ctr_model(table, train, valid, np.arange(len(valid)) // 4, params)
    weights = {name: each.numpy() for name, each in trained.weights.items()}
    measured = [
        [found[name] for name in ("step", "learning_rate", "auc", "gauc", "logloss")]
        for found in trained.history["validations"]
    ]
    results = {
        **weights,
        "validations": np.array(measured),
        "scores": predict_clicks(table, trained.weights, valid, params),
    }
    if params.model.batch_norm:
        return {name: each for name, each in results.items() if name not in ROUNDING}
    return results


def test_results_are_those_of_the_version():
    """Steps, dropout, clip, L2, schedule, best weights, validation and prediction."""
    found = {
        f"{code_entry}: {name}": array
        for code_entry in MODELS
        for name, array in _results(code_entry).items()
    }
    path = Path(__file__).with_name("result_digests.json")
    require_stored_results(found, path, RESULT_VERSION, "mmctr.ctr")


def test_every_form_and_entry_is_covered():
    """A new one takes part in the digest."""
    from mmctr.ctr.features.codes import CODE_EMBEDDINGS
    from mmctr.ctr.features.content import CONTENT_FORMS

    contents = [x["features"].get("content", "codes") for x in MODELS.values()]
    assert set(MODELS) == set(CODE_EMBEDDINGS)
    assert set("+".join(contents).split("+")) == set(CONTENT_FORMS)
