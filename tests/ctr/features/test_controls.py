"""Content forms without codes: their values, learning, and loading of weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    N_ITEMS,
    click_log,
    ctr_params,
    random_table,
    whole_batch,
    with_vectors,
)

from mmctr.ctr.features.similarity import SimilarityHistogram
from mmctr.ctr.features.vectors import ContinuousVector, Projection
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.models.din.model import Din
from mmctr.ctr.params import ContinuousParams, CtrParams, SimilarityParams
from mmctr.ctr.training.fit import TrainedModel, predict_clicks, train_din
from mmctr.evaluation import auc

SEEN = np.arange(N_ITEMS + 1) > 0
SEEDS = st.integers(0, 2**31)
TOPICS, WIDTH = 6, 12


# The vectors themselves.


def vectors_of(rng: np.random.Generator, items: int, width: int) -> np.ndarray:
    """Correlated columns and a mean; padding and item 3 have no vector."""
    mixed = rng.normal(size=(items + 1, width)) @ rng.normal(size=(width, width)) + 2
    mixed[[0, 3]] = 0
    return mixed.astype(np.float32)


def plain_axes(
    vectors: np.ndarray, seen: np.ndarray, kept: int, normalize: str
) -> np.ndarray:
    """The same, from the singular vectors of the centred rows of train."""
    train = vectors[seen & vectors.any(axis=1)].astype(np.float64)
    centred = vectors.astype(np.float64) - train.mean(axis=0)
    _, values, right = np.linalg.svd(train - train.mean(axis=0), full_matrices=False)
    found = centred @ right[:kept].T
    if normalize == "columns":
        found *= np.sqrt(len(train) - 1) / values[:kept] / np.sqrt(kept)
    else:
        found /= np.linalg.norm(found, axis=1, keepdims=True)
    found[~vectors.any(axis=1)] = 0
    return found


@pytest.mark.parametrize("normalize", ["rows", "columns"])
@given(seed=SEEDS, kept=st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_components_are_those_of_the_items_of_train(normalize, seed, kept):
    rng = np.random.default_rng(seed)
    vectors = vectors_of(rng, 60, 6)
    seen = rng.random(61) < 0.5
    seen[:3] = False
    params = ContinuousParams(components=kept, normalize=normalize)
    found = Projection.fit(vectors, seen, params).transform(vectors, params)
    expected = plain_axes(vectors, seen, kept, normalize)
    assert found.dtype == np.float32
    # A component's sign is not defined.
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=0.02, atol=2e-3)
    assert not found[[0, 3]].any()


def test_vectors_of_items_outside_train_change_no_component():
    rng = np.random.default_rng(0)
    vectors = vectors_of(rng, 60, 6)
    seen = np.arange(61) < 40
    params = ContinuousParams(components=3)
    other = vectors.copy()
    other[40:] *= 5
    one, two = (Projection.fit(each, seen, params) for each in (vectors, other))
    assert np.array_equal(one.components, two.components)
    assert np.array_equal(one.mean, two.mean)


@pytest.mark.parametrize("normalize", ["rows", "columns"])
def test_no_components_keep_the_whole_vector(normalize):
    vectors = vectors_of(np.random.default_rng(1), 60, 6)
    params = ContinuousParams(components=0, normalize=normalize)
    found = Projection.fit(vectors, np.arange(61) > 0, params).transform(
        vectors, params
    )
    there = vectors.any(axis=1)
    centred = vectors - vectors[there].mean(axis=0)
    if normalize == "rows":
        expected = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    else:
        expected = centred / vectors[there].std(axis=0) / np.sqrt(6)
    np.testing.assert_allclose(found[there], expected[there], atol=1e-4)
    assert not found[~there].any()


@pytest.mark.parametrize("normalize", ["rows", "columns"])
@pytest.mark.parametrize("n_seen", [0, 1, 2, 4])
def test_more_components_than_items_are_zero(normalize, n_seen):
    vectors = vectors_of(np.random.default_rng(2), 20, 8)
    seen = np.isin(np.arange(21), np.arange(4, 4 + n_seen))
    params = ContinuousParams(components=6, normalize=normalize)
    found = Projection.fit(vectors, seen, params).transform(vectors, params)
    assert found.shape == (21, 6)
    assert np.isfinite(found).all()
    assert not found[:, n_seen:].any()


def test_loading_weights_restores_the_components():
    vectors = vectors_of(np.random.default_rng(3), 60, 6)
    params = ContinuousParams(components=4, normalize="columns")
    one = ContinuousVector(vectors, np.arange(61) > 30, 5, params)
    two = ContinuousVector(vectors, np.zeros(61, bool), 5, params)
    items = torch.arange(61)
    assert not torch.equal(one(items), two(items))
    two.load_state_dict(one.state_dict())
    assert torch.equal(one(items), two(items))
    assert "inputs" not in one.state_dict()


# Similarities.


@pytest.mark.parametrize("counts", ["log", "share"])
@given(seed=SEEDS, buckets=st.integers(1, 30), longest=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_histograms_equal_those_counted_row_by_row(counts, seed, buckets, longest):
    """Against NumPy's, on padded histories; gradients of the layer too."""
    rng = np.random.default_rng(seed)
    table = with_vectors(rng, random_table(rng))
    vectors = table.title_vectors
    batch = whole_batch(click_log(rng, 12, longest=longest))
    params = SimilarityParams(buckets=buckets, counts=counts)
    torch.manual_seed(seed)
    similarity = SimilarityHistogram(vectors, 4, params)
    parts = (batch.target, batch.history, batch.segment)
    found = similarity.histogram(*parts)

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    expected = np.zeros((12, buckets))
    for row, target in enumerate(batch.target.tolist()):
        history = batch.history[batch.segment == row].tolist()
        history = [item for item in history if lengths[item] > 0]
        if lengths[target] > 0:
            cosines = unit[history] @ unit[target]
            expected[row] = np.histogram(cosines.clip(-1, 1), buckets, (-1, 1))[0]
    # A cosine on the border of two buckets may fall into either.
    moved = np.abs(found.numpy() - expected).sum() / 2
    assert moved <= 1
    assert np.array_equal(found.sum(dim=1).numpy(), expected.sum(axis=1))

    inputs = found.log1p()
    if counts == "share":
        inputs = found / found.sum(dim=1, keepdim=True).clamp(min=1)
    plain = torch.relu(inputs @ similarity.layer.weight.T + similarity.layer.bias)
    out = similarity(*parts)
    torch.testing.assert_close(out, plain)
    gradients = (
        torch.autograd.grad(x.square().sum(), list(similarity.parameters()))
        for x in (out, plain)
    )
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other)


def test_equal_and_opposite_vectors_fall_into_the_outer_buckets():
    vectors = np.array([[0, 0], [3, 0], [1, 0], [-2, 0], [0, 1]], np.float32)
    similarity = SimilarityHistogram(vectors, 4, SimilarityParams(buckets=4))
    target = torch.tensor([1, 4, 2])
    history, segment = torch.tensor([2, 3, 4, 1]), torch.tensor([0, 0, 0, 1])
    counts = similarity.histogram(target, history, segment)
    assert counts.tolist() == [[1, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_long_histories_are_counted_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    batch = whole_batch(click_log(rng, 12))
    parts = (batch.target, batch.history, batch.segment)
    similarity = SimilarityHistogram(table.image_vectors, 4, SimilarityParams())
    whole = similarity.histogram(*parts)
    monkeypatch.setattr("mmctr.ctr.features.similarity._ROWS", 5)
    assert torch.equal(similarity.histogram(*parts), whole)


# Models.


@pytest.mark.parametrize(
    ("content", "features", "name"),
    [
        ("none", [], "none"),
        ("codes", ["title_codes", "image_codes"], "codes (concat)"),
        ("continuous", ["title_vector", "image_vector"], "continuous"),
        ("similarity", [], "similarity"),
        (
            "codes+similarity",
            ["title_codes", "image_codes"],
            "codes (concat) + similarity",
        ),
        ("matches", [], "matches"),
    ],
)
def test_the_features_are_those_of_the_content(content, features, name):
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    params = ctr_params(features={"content": content}, model={"code_entry": "concat"})
    model = Din(table, SEEN, params)
    others = ["item_id", "tags", "likes", "views"]
    assert list(model.items.features) == others + features
    form = content.split("+")[-1]
    there = ["title", "image"] if form in {"similarity", "matches"} else []
    assert list(model.comparisons) == [f"{x}_{form}" for x in there]
    assert model.content == name


@pytest.mark.parametrize("content", ["continuous", "similarity"])
def test_a_modality_can_be_switched_off_and_an_absent_one_is_left_out(content):
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    features = {"content": content, "title_vectors": False}
    model = Din(table, SEEN, ctr_params(features=features))
    names = [*model.items.features, *model.comparisons]
    assert {"image_vector", "image_similarity"}.intersection(names)
    assert not {"title_vector", "title_similarity"}.intersection(names)
    for without in (table, random_table(rng)):
        less = replace(without, image_vectors=np.zeros((N_ITEMS + 1, 0), np.float32))
        with pytest.raises(ValueError, match=f"content={content} needs item vectors"):
            Din(less, SEEN, ctr_params(features=features))


@pytest.mark.parametrize("content", ["none", "codes"])
def test_vectors_are_not_read_where_they_are_not_used(content):
    class Unread(np.ndarray):
        def __getitem__(self, key):
            raise AssertionError("read")

    rng = np.random.default_rng(0)
    unread = np.zeros((N_ITEMS + 1, 4), np.float32).view(Unread)
    table = replace(random_table(rng), title_vectors=unread, image_vectors=unread)
    model = Din(table, SEEN, ctr_params(features={"content": content}))
    model(whole_batch(click_log(rng, 4)))


# A planted world: users click items of their topic, and valid has new items only.


def topic_table(rng: np.random.Generator) -> tuple[ItemTable, np.ndarray]:
    """200 items whose vectors and first codes show their topic, and the topics."""
    topics = rng.integers(0, TOPICS, 201)
    centres = rng.normal(size=(TOPICS, WIDTH))
    vectors = centres[topics] + 0.3 * rng.normal(size=(201, WIDTH))
    codes = np.column_stack([topics + 1, rng.integers(1, 9, (201, 2))])
    vectors[0] = codes[0] = 0
    nothing = np.zeros(201, np.int64)
    table = ItemTable(
        tags=np.zeros((201, 1), np.int64),
        likes=nothing,
        views=nothing,
        title_codes=codes,
        image_codes=np.zeros((201, 0), np.int64),
        title_vectors=vectors.astype(np.float32),
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
        row_levels=np.zeros((rows, 2), np.int64),
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
        features={"content": content, "likes": False, "views": False},
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
    return train_din(table, log, valid, np.arange(len(valid)) // 4, params)


@pytest.fixture(scope="module")
def without(world):
    """AUC of new items without content."""
    return train(world, arm("none")).history["best"]


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
