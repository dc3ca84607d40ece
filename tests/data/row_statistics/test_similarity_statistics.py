"""Statistics of kind similarity: the same as plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistic_worlds import N_ITEMS, assert_pooled, history_rows, worlds

from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.similarity import similarity_statistics, unit_vectors

SEEDS = st.integers(0, 2**16)


def drawn_vectors(seed: int) -> np.ndarray:
    """Vectors of items up to the one without clicks; some are zero, some equal."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(N_ITEMS + 2, 3)).astype(np.float32)
    vectors[rng.random(N_ITEMS + 2) < 0.2] = 0
    vectors[2] = vectors[1]
    vectors[0] = 0
    return vectors


def similarities(
    rows: HistoryRows, vectors: np.ndarray, modality: str
) -> dict[str, np.ndarray]:
    return similarity_statistics(rows, unit_vectors(vectors), modality)


def unit(vector: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vector)
    return vector / length if length else vector


def cosines(vectors: np.ndarray, item: int, history: list[int]) -> list[float]:
    return [float(unit(vectors[item]) @ unit(vectors[other])) for other in history]


@given(world=worlds(), seed=SEEDS)
@settings(deadline=None)
def test_similarities_are_those_of_plain_loops(world, seed):
    vectors = drawn_vectors(seed)
    found = similarities(world.history_rows, vectors, "title")
    by_row = [cosines(vectors, row.item, row.history) for row in world.rows]
    assert_pooled(found, "title", by_row)
    for row, (each, own) in enumerate(zip(world.rows, by_row, strict=True)):
        for level in (0.4, 0.6, 0.8):
            share = np.mean(np.array(own) > level) if own else np.nan
            np.testing.assert_allclose(
                found[f"title_over_{level}"][row], share, rtol=1e-6
            )
        if not own:
            assert np.isnan(found["title_focus"][row])
            assert np.isnan(found["title_profile"][row])
            continue
        mean = np.mean([unit(vectors[item]) for item in each.history], axis=0)
        profile = unit(vectors[each.item]) @ unit(mean)
        np.testing.assert_allclose(
            found["title_focus"][row], np.linalg.norm(mean), rtol=1e-5, atol=1e-6
        )
        if np.linalg.norm(mean) > 0.01:  # rounding counts for little
            np.testing.assert_allclose(found["title_profile"][row], profile, atol=2e-3)


def test_an_item_without_a_vector_is_like_none():
    vectors = np.array([[0, 0], [3, 0], [0, 0]], np.float32)
    rows = history_rows([1, 2, 1], [[2], [1], [2, 2]])
    found = similarities(rows, vectors, "image")
    assert found["image_max"].tolist() == [0, 0, 0]
    assert found["image_profile"].tolist() == [0, 0, 0]
    assert found["image_focus"].tolist() == [0, 1, 0]


def test_equal_directions_are_exact_ties():
    rng = np.random.default_rng(1)
    vectors = np.zeros((4, 64), np.float32)
    vectors[1:] = rng.normal(size=64) * [[1], [3], [0.1]]
    found = similarities(history_rows([1, 2], [[2, 3], [1]]), vectors, "x")
    assert found["x_max"].tolist() == [1, 1]
    assert found["x_mean"].tolist() == [1, 1]


@pytest.mark.parametrize("width", [3, 4000])
def test_many_rows_are_those_of_one_at_a_time(width):
    """Wide vectors are compared in pieces."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(9, width)).astype(np.float32)
    items = rng.integers(1, 9, 700).tolist()
    histories = [rng.integers(1, 9, n).tolist() for n in rng.integers(0, 5, 700)]
    found = similarities(history_rows(items, histories), vectors, "x")
    for row in (0, 1, 349, 698, 699):
        alone = similarities(history_rows([items[row]], [histories[row]]), vectors, "x")
        for name, column in found.items():
            np.testing.assert_allclose(
                column[row], alone[name][0], rtol=1e-4, atol=2e-5, err_msg=name
            )
