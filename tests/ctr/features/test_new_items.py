"""A planted world: users click items of their topic, and valid has new items only."""

import numpy as np
import pytest
import torch
from worlds import (
    ctr_params,
)

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.params import CtrParams
from mmctr.ctr.prediction import predict_clicks
from mmctr.ctr.training.fit import TrainedModel, train_ctr_model
from mmctr.evaluation import auc

TOPICS, WIDTH = 6, 12


def topic_table(rng: np.random.Generator) -> tuple[ItemTable, np.ndarray]:
    """200 items whose vectors and first codes show their topic, and the topics."""
    topics = rng.integers(0, TOPICS, 201)
    centres = rng.normal(size=(TOPICS, WIDTH))
    vectors = centres[topics] + 0.3 * rng.normal(size=(201, WIDTH))
    codes = np.column_stack([topics + 1, rng.integers(1, 9, (201, 2))])
    vectors[0] = codes[0] = 0
    table = ItemTable(
        n_items=200,
        codes={"title": codes, "image": np.zeros((201, 0), np.int64)},
        vectors={"title": vectors.astype(np.float32)},
    )
    return table, topics


def topic_log(
    rng: np.random.Generator, topics: np.ndarray, targets: np.ndarray, rows: int
) -> ClickLog:
    """Histories of one topic each; half of the targets are of it and clicked."""
    users = rng.integers(0, TOPICS, rows)
    labels = rng.integers(0, 2, rows)
    topics_of_targets = np.where(
        labels, users, (users + rng.integers(1, TOPICS, rows)) % TOPICS
    )
    by_topic = [np.flatnonzero(topics[:150] == topic) for topic in range(TOPICS)]
    of_target = [targets[topics[targets] == topic] for topic in range(TOPICS)]
    lengths = rng.integers(1, 5, rows)
    history = [
        rng.choice(by_topic[user][by_topic[user] > 0], length)
        for user, length in zip(users, lengths, strict=True)
    ]
    return ClickLog(
        target=np.array([rng.choice(of_target[topic]) for topic in topics_of_targets]),
        history=np.concatenate(history).astype(np.int32),
        offsets=np.append(0, np.cumsum(lengths)),
        statistics=np.empty((rows, 0), np.float32),
        statistic_names=(),
        label=labels.astype(np.float32),
    )


@pytest.fixture(scope="module")
def world():
    """Items, 2,000 rows of items 1..149, and 400 of items 150..200."""
    rng = np.random.default_rng(0)
    table, topics = topic_table(rng)
    train = topic_log(rng, topics, np.arange(1, 150), 2000)
    return table, train, topic_log(rng, topics, np.arange(150, 201), 400)


def arm(content: str, **model: object) -> CtrParams:
    """Settings that differ in the content only."""
    return ctr_params(
        features={"content": content},
        model={
            "embedding_dim": 8,
            "embedding_std": 0.1,
            "item_id_dropout": 0.3,
            "attention_units": [16],
            "dnn_units": [32],
            **model,
        },
        training={"batch_size": 128, "learning_rate": 0.01, "max_epochs": 5},
    )


def train(world, params: CtrParams) -> TrainedModel:
    table, log, valid = world
    return train_ctr_model(table, log, valid, np.arange(len(valid)) // 4, params)


@pytest.fixture(scope="module")
def without(world):
    """AUC of new items without content."""
    return train(world, arm("none")).history["best"]


@pytest.mark.system
@pytest.mark.parametrize(
    ("content", "model"),
    [
        ("continuous", {"continuous": {"components": 4}}),
        ("continuous", {"continuous": {"components": 0, "normalize": "columns"}}),
        ("similarity", {}),
        ("similarity", {"similarity": {"buckets": 8, "counts": "share"}}),
        ("codes+similarity", {"code_entry": "prefix"}),
        ("codes+continuous", {"code_entry": "concat"}),
    ],
)
def test_content_helps_with_new_items(world, without, content, model):
    params = arm(content, **model)
    trained = train(world, params)
    assert without < 0.65
    assert trained.history["best"] > 0.8
    # Loading the weights restores all that was fitted on the training rows.
    table, _, valid = world
    scores = predict_clicks(table, trained.weights, valid, params)
    assert auc(valid.label, scores) == pytest.approx(trained.history["best"], abs=1e-6)


def test_the_same_seed_gives_the_same_weights(world):
    params = arm("codes+continuous+similarity", code_entry="prefix")
    one, two = (train(world, params).weights for _ in range(2))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("content", ["continuous", "similarity"])
def test_bf16_trains(world, content):
    params = arm(content)
    training = params.training.model_copy(update={"precision": "bf16"})
    params = params.model_copy(update={"training": training})
    assert train(world, params).history["best"] > 0.75
