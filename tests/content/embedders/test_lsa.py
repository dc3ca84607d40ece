"""TF-IDF and SVD."""

import numpy as np
import pytest

from mmctr.content.embedders.lsa import LsaEmbedder
from mmctr.content.embedders.params import LsaParams
from mmctr.content.embedders.protocol import EmbedderContext

TITLES = [
    "red racing car",
    "blue racing car",
    "fast red car",
    "fresh white bread",
    "white bread and butter",
    "fresh butter",
]


def test_shared_words_bring_titles_together():
    """Cars lie near cars, bread near bread."""
    vectors, _ = LsaEmbedder(LsaParams(dimensions=3), EmbedderContext(seed=1)).embed(
        TITLES
    )
    assert vectors.shape == (6, 3)
    assert vectors.dtype == np.float32
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = vectors @ vectors.T
    assert similarity[:3, :3].min() > similarity[:3, 3:].max()


def test_a_seed_gives_the_same_vectors():
    """Bit for bit."""
    first, second = (
        LsaEmbedder(LsaParams(dimensions=3), EmbedderContext(seed=7)).embed(TITLES)[0]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("titles", "width"),
    [(TITLES, 5), (["a b c d e f", "g h i j"], 1), (["x y", "x", "y", "y x x"], 1)],
)
def test_width_is_lowered_where_the_data_is_small(titles, width):
    """One less than the titles or the words, whichever is lower."""
    vectors, _ = LsaEmbedder(LsaParams(dimensions=64), EmbedderContext(seed=1)).embed(
        titles
    )
    assert vectors.shape == (len(titles), width)


def test_titles_of_one_letter_have_a_vector():
    """The usual word pattern would drop them."""
    vectors, _ = LsaEmbedder(LsaParams(dimensions=4), EmbedderContext(seed=1)).embed(
        ["Q", "X", "Q X", "!"]
    )
    assert (np.linalg.norm(vectors[:3], axis=1) > 0.1).all()
    np.testing.assert_array_equal(vectors[3], 0)


@pytest.mark.parametrize("titles", [["red car"], ["red", "red!"], ["!", "?"]])
def test_too_little_to_fit(titles):
    """The message names the provider."""
    with pytest.raises(ValueError, match="provider lsa needs at least two different"):
        LsaEmbedder(LsaParams(), EmbedderContext(seed=1)).embed(titles)


def test_version_tells_the_settings():
    """Width, vocabulary and seed change the vectors, so they change the version."""
    versions = {
        LsaEmbedder(LsaParams(**settings), EmbedderContext(seed=seed)).version()
        for settings, seed in [
            ({}, 1),
            ({}, 2),
            ({"dimensions": 8}, 1),
            ({"max_features": 9}, 1),
        ]
    }
    assert len(versions) == 4


@pytest.mark.parametrize(
    ("texts", "dimensions", "share"),
    [
        (["红色的火车", "蓝色的船", "木制拼图", "小机器人"], 2, "100 % of 4 texts"),
        (["red train", "red boat", "木制拼图", "小机器人"], 2, "50 % of 4 texts"),
        (["red train", "red boat", "wooden boat", "a train"], 2, None),
        # A tag each: as many directions as texts, and all are equally far apart.
        (["toys", "books", "games", "music"], 3, None),
    ],
)
def test_texts_that_share_no_word_are_told(caplog, texts, dimensions, share):
    LsaEmbedder(LsaParams(dimensions=dimensions), EmbedderContext()).embed(texts)
    assert ("share no word" in caplog.text) == (share is not None)
    assert (share or "") in caplog.text
