"""Scores that need no model."""

import numpy as np
import pytest

from mmctr.evaluation import baselines
from mmctr.evaluation.baselines import (
    item_only_scores,
    popularity_scores,
    repeats_predict_clicks,
    seen_before,
    title_similarities,
)

TRAIN_ITEMS = np.array([1, 1, 1, 2, 2])
TRAIN_LABELS = np.array([1, 1, 0, 0, 0])


@pytest.fixture
def vectors():
    """Unit vectors of 30 items ``[30, 8]``."""
    drawn = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def jagged():
    """Targets, flat histories and offsets of 40 rows, some histories empty."""
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 4, 40)
    lengths[[0, 7, 8, 39]] = 0
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    history = rng.integers(1, 31, offsets[-1])
    return rng.integers(1, 31, 40), history, offsets


def similarities_by_loop(vectors, items, history, offsets):
    """Cosines of every row's target and its history, oldest first."""
    for row, item in enumerate(items):
        seen = history[offsets[row] : offsets[row + 1]]
        yield vectors[seen - 1] @ vectors[item - 1]


def test_item_only_is_the_smoothed_click_rate_of_train():
    scores = item_only_scores(
        TRAIN_ITEMS, TRAIN_LABELS, np.array([3, 1, 2]), 3, prior=0.25, strength=10
    )
    assert scores == pytest.approx([0.25, 4.5 / 13, 2.5 / 12])


def test_popularity_is_the_number_of_positive_train_rows():
    scores = popularity_scores(TRAIN_ITEMS, TRAIN_LABELS, np.array([2, 1, 3, 1]), 3)
    assert scores.tolist() == [0, 2, 0, 2]


def test_seen_before_equals_a_loop_over_rows(jagged):
    items, history, offsets = jagged
    history[offsets[3]] = items[3]
    seen = [
        float(item in history[offsets[row] : offsets[row + 1]])
        for row, item in enumerate(items)
    ]
    assert sum(seen) > 0
    assert seen_before(*jagged).tolist() == seen


@pytest.mark.parametrize(
    ("clicked", "others", "expected"),
    [(50, 50, False), (53, 50, False), (55, 50, True), (50, 55, True), (0, 0, False)],
)
def test_repeats_predict_clicks_from_an_auc_away_from_chance(clicked, others, expected):
    """Of 100 clicked rows and 100 others, so many are repeats."""
    seen = np.concatenate([np.arange(100) < clicked, np.arange(100) < others])
    assert (
        repeats_predict_clicks(np.repeat([1, 0], 100), seen.astype(float)) == expected
    )


def test_rows_of_one_class_tell_nothing():
    assert not repeats_predict_clicks(np.ones(3), np.array([1.0, 0.0, 1.0]))


def test_similarities_equal_a_loop_over_rows(vectors, jagged):
    cosines = list(similarities_by_loop(vectors, *jagged))
    last = [row[-1] if len(row) else 0 for row in cosines]
    largest = [row.max() if len(row) else 0 for row in cosines]
    found = title_similarities(vectors, *jagged)
    assert found[0] == pytest.approx(last, abs=1e-6)
    assert found[1] == pytest.approx(largest, abs=1e-6)


@pytest.mark.parametrize("floats", [1, 24])
def test_chunks_do_not_change_the_similarities(vectors, jagged, monkeypatch, floats):
    whole = title_similarities(vectors, *jagged)
    monkeypatch.setattr(baselines, "CHUNK_FLOATS", floats)
    np.testing.assert_array_equal(title_similarities(vectors, *jagged), whole)


def test_an_item_seen_before_has_similarity_one(vectors):
    items, history, offsets = np.array([5]), np.array([5, 9]), np.array([0, 2])
    last, largest = title_similarities(vectors, items, history, offsets)
    assert largest == pytest.approx(1)
    assert last[0] < 0.99


def test_only_empty_histories_score_zero(vectors):
    empty = (np.array([1, 2]), np.array([], dtype=np.int64), np.array([0, 0, 0]))
    assert np.array(title_similarities(vectors, *empty)).tolist() == [[0, 0]] * 2


def test_ids_without_an_item_are_named():
    with pytest.raises(ValueError, match=r"items, row 1: item 4 is not in 1\.\.3"):
        popularity_scores(TRAIN_ITEMS, TRAIN_LABELS, np.array([1, 4]), 3)
    with pytest.raises(ValueError, match="train_items, row 0: item 0"):
        popularity_scores(TRAIN_ITEMS - 1, TRAIN_LABELS, np.array([1]), 3)
    with pytest.raises(ValueError, match="items has dtype float64"):
        popularity_scores(TRAIN_ITEMS, TRAIN_LABELS, np.array([1.0]), 3)
    with pytest.raises(ValueError, match="train_items has shape"):
        popularity_scores(TRAIN_ITEMS[1:], TRAIN_LABELS, np.array([1]), 3)


@pytest.mark.parametrize("offsets", [[1, 2], [0, 1], [0, 3, 2], [0]])
def test_offsets_that_do_not_fit_are_refused(vectors, offsets):
    items = np.ones(max(len(offsets) - 1, 1), dtype=np.int64)
    with pytest.raises(ValueError, match="offsets"):
        title_similarities(vectors, items, np.array([1, 2]), np.array(offsets))


def test_padding_and_absent_titles_are_refused(vectors):
    items, offsets = np.array([1]), np.array([0, 2])
    with pytest.raises(ValueError, match="history, row 0: item 0 is not in 1..30"):
        title_similarities(vectors, items, np.array([0, 2]), offsets)
    with pytest.raises(ValueError, match="title vectors have shape"):
        title_similarities(vectors[:, :0], items, np.array([1, 2]), offsets)
