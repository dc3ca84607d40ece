"""Residual k-means and rounded numbers of its rest."""

import numpy as np
import pytest
from pydantic import ValidationError
from quantizer_worlds import WIDTH, quantization_params, topic_vectors

from mmctr.content.quantizers.factory import make_quantizer
from mmctr.content.quantizers.method_params import RQFSQParams


def fitted(vectors: np.ndarray, method: str = "rq_fsq", **changes):
    quantizer = make_quantizer(quantization_params(method, **changes), WIDTH)
    return quantizer, quantizer.fit(vectors)


def test_the_first_codes_are_those_of_residual_kmeans():
    vectors = topic_vectors(300)
    coarse, _ = fitted(vectors, "rq_kmeans", levels=2)
    codes = fitted(vectors)[0].encode(vectors)
    np.testing.assert_array_equal(codes[:, :2], coarse.encode(vectors))


def test_the_error_falls_with_more_components_and_finer_ones():
    vectors = topic_vectors(500)
    errors = [
        fitted(vectors, rest_positions=positions, rest_levels=levels)[1].reconstruction
        for positions, levels in ((1, (2,)), (3, (2,)), (3, (8,)), (12, (8,)))
    ]
    coarse = fitted(vectors, "rq_kmeans", levels=2)[1].reconstruction
    assert coarse > errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[3] < 0.1 * coarse


def test_the_report_is_the_error_of_the_decodings():
    vectors = topic_vectors(200)
    quantizer, report = fitted(vectors)
    error = np.square(vectors - quantizer.decode(quantizer.encode(vectors))).mean()
    assert report.reconstruction == pytest.approx(error, rel=1e-4)


def test_digits_of_a_position_make_one_code():
    """Codes of (4, 2) values are 1..8, and all of them occur."""
    vectors = topic_vectors(500)
    codes = fitted(vectors, rest_levels=(4, 2))[0].encode(vectors)
    for column in codes[:, 2:].T:
        np.testing.assert_array_equal(np.unique(column), np.arange(1, 9))


def test_items_that_kmeans_keeps_whole_have_no_rest():
    vectors = np.repeat(topic_vectors(4), 10, axis=0)
    quantizer, report = fitted(vectors, levels=3)
    assert report.reconstruction < 1e-6
    decoded = quantizer.decode(quantizer.encode(vectors))
    np.testing.assert_allclose(decoded, vectors, atol=3e-3)


def test_a_code_of_the_rest_above_its_values_is_refused():
    quantizer, _ = fitted(topic_vectors(50), rest_levels=(3, 2))
    with pytest.raises(ValueError, match=r"without a codeword.*first \[0\]"):
        quantizer.decode(np.array([[1, 1, 1, 1, 7]]))


def test_more_values_than_the_codebook_has_are_refused():
    with pytest.raises(ValidationError, match="make 20 codes per position"):
        RQFSQParams(codebook_size=16, rest_levels=(5, 4))


def test_more_numbers_than_the_vectors_have_are_refused():
    params = quantization_params("rq_fsq", rest_positions=7)
    with pytest.raises(ValueError, match=f"width {WIDTH} have no 14 components"):
        make_quantizer(params, WIDTH)
