"""A person's questions about codes."""

import numpy as np
import pytest

from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.quantizers.factory import make_quantizer
from mmctr.content.quantizers.method_params import RQKMeansParams
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.protocol import Quantizer
from mmctr.content.vectors import ModalityParams, finish_vectors
from mmctr.project.notebook import encode_titles, nearest_by_codes, nearest_by_vectors

TITLES = ["red train", "blue train", "red robot", "wooden puzzle", "small puzzle", ""]
LOCAL = EmbeddingParams(device="cpu")


@pytest.fixture(scope="module")
def known() -> np.ndarray:
    """What embeds the titles above, as it comes."""
    return embed_texts(TITLES, LOCAL)[0]


def small_quantizer(width: int) -> Quantizer:
    levels = RQKMeansParams(levels=2, codebook_size=3, iterations=5)
    params = QuantizationParams(
        method="rq_kmeans", rq_kmeans=levels, seed=1, device="cpu"
    )
    return make_quantizer(params, width)


@pytest.mark.parametrize("center", [False, True])
def test_the_title_of_an_item_gets_the_codes_of_the_item(known, center):
    modality = ModalityParams(column="title", center=center)
    embedding = LOCAL.model_copy(update={"modalities": {"title": modality}})
    quantizer = small_quantizer(known.shape[1])
    stored, mean = finish_vectors(known, modality, "title vectors")
    quantizer.fit(stored[1:])
    of_items = quantizer.encode(stored[1:])
    assert len(np.unique(of_items, axis=0)) > 2
    again = encode_titles(TITLES[3:0:-1], mean, quantizer, embedding)
    np.testing.assert_array_equal(again, of_items[3:0:-1])


def test_an_embedder_that_knows_the_items_alone_is_named(known):
    quantizer = small_quantizer(known.shape[1])
    with pytest.raises(ValueError, match=r"lsa has no vector .*sentence_transformers"):
        encode_titles(["red"], known[0], quantizer, EmbeddingParams(provider="lsa"))
    with pytest.raises(ValueError, match="title 1 is blank"):
        encode_titles(["red", " "], known[0], quantizer, LOCAL)


def test_of_equally_many_shared_codes_the_first_ones_count_most():
    codes = np.array([[1, 9, 9, 4], [1, 2, 9, 9], [8, 8, 8, 8], [1, 2, 3, 9]])
    nearest = nearest_by_codes(np.array([1, 2, 3, 4]), codes, top=3)
    assert nearest.rows.tolist() == [3, 1, 0]
    assert nearest.scores.tolist() == [3, 2, 2]


def test_nearest_vectors_are_those_of_the_highest_cosine_whatever_their_length():
    vectors = np.array([[5, 5], [0, 0], [0.1, 0], [-1, 0]], np.float32)
    nearest = nearest_by_vectors(np.array([2, 0], np.float32), vectors)
    assert nearest.rows.tolist() == [2, 0, 1, 3]
    np.testing.assert_allclose(nearest.scores, [1, 0.5**0.5, 0, -1], rtol=1e-6)


@pytest.mark.parametrize("search", [nearest_by_codes, nearest_by_vectors])
def test_a_query_of_another_width_is_an_error(search):
    with pytest.raises(ValueError, match=r"shape \[3\], got"):
        search(np.ones(2), np.ones((4, 3)))
