"""Vectors read from a file."""

import numpy as np
import pytest

from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams, PrecomputedParams
from mmctr.content.embedders.precomputed import PrecomputedVectors
from mmctr.content.embedders.protocol import EmbedderContext


@pytest.fixture
def matrix() -> np.ndarray:
    """Five rows, the third all zero."""
    values = np.random.default_rng(0).normal(size=(5, 3))
    values[2] = 0
    return values


def params_for(path, **changes) -> EmbeddingParams:
    """Parameters that name the file."""
    return EmbeddingParams(
        provider="precomputed", precomputed={"path": path, **changes}
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
def test_rows_belong_to_items(tmp_path, matrix, dtype):
    """Equal and empty titles keep the rows of the file, scaled to length 1."""
    path = tmp_path / "vectors.npy"
    np.save(path, matrix.astype(dtype))
    titles = ["same", "same", "zero", "", None]
    vectors, report = embed_texts(titles, params_for(path, dimensions=3))
    assert vectors.dtype == np.float32
    assert vectors.dtype.isnative
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    norms[2] = 1
    np.testing.assert_allclose(vectors, matrix / norms, atol=2e-3)
    np.testing.assert_allclose(
        np.linalg.norm(vectors, axis=1), [1, 1, 0, 1, 1], atol=1e-6
    )
    assert (report.empty_titles, report.zero_rows, report.unique_titles) == (2, 1, 2)
    assert report.empty_title == "own_row"
    assert report.version.startswith("precomputed/vectors.npy/sha256-")


def test_the_file_is_left_alone(tmp_path, matrix):
    """Normalising must not write through to the file."""
    path = tmp_path / "vectors.npy"
    np.save(path, matrix.astype(np.float32))
    before = path.read_bytes()
    embed_texts(["t"] * 5, params_for(path))
    assert path.read_bytes() == before


def test_version_follows_the_content(tmp_path, matrix):
    """Another matrix of the same name and shape is another version."""
    path = tmp_path / "vectors.npy"
    np.save(path, matrix)
    first = PrecomputedVectors(
        PrecomputedParams(path=path), EmbedderContext()
    ).version()
    np.save(path, matrix + 1)
    assert (
        PrecomputedVectors(PrecomputedParams(path=path), EmbedderContext()).version()
        != first
    )


def test_relative_path(tmp_path, monkeypatch, matrix):
    """A path given to the embedder is used as it is."""
    np.save(tmp_path / "vectors.npy", matrix)
    monkeypatch.chdir(tmp_path)
    assert embed_texts(["t"] * 5, params_for("vectors.npy"))[0].shape == (5, 3)


@pytest.mark.parametrize(
    ("stored", "changes", "complaint"),
    [
        (np.ones((4, 3)), {}, "has 4 rows but there are 5 items"),
        (np.ones((5, 3)), {"dimensions": 4}, "is 3 wide.*dimensions is 4"),
        (np.ones((5, 0)), {}, "is 0 wide"),
        (np.ones(5), {}, r"one matrix \[n_items, d\]"),
        (np.ones((5, 3), dtype=np.int64), {}, "holds int64, not floats"),
        (np.array([[object()]] * 5), {}, "no readable .npy"),
    ],
)
def test_wrong_matrices(tmp_path, stored, changes, complaint):
    """Each names the file and what is wrong with it."""
    path = tmp_path / "vectors.npy"
    np.save(path, stored, allow_pickle=True)
    with pytest.raises(ValueError, match=complaint) as caught:
        embed_texts(["t"] * 5, params_for(path, **changes))
    assert "vectors.npy" in str(caught.value)


def test_not_an_npy_file(tmp_path):
    """Text, or nothing at all."""
    for content in (b"id,vector\n", b""):
        path = tmp_path / "vectors.npy"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="no readable .npy"):
            embed_texts(["t"], params_for(path))


def test_missing_file(tmp_path):
    """The parameter and the path are named."""
    with pytest.raises(ValueError, match="embedding.precomputed.path: .*gone.npy"):
        embed_texts(["t"], params_for(tmp_path / "gone.npy"))


def test_non_finite_row_is_named(tmp_path, matrix):
    """With the row and the title."""
    matrix[3, 1] = np.inf
    path = tmp_path / "vectors.npy"
    np.save(path, matrix)
    with pytest.raises(ValueError, match="row 3 .*'fourth'"):
        embed_texts(["a", "b", "c", "fourth", "e"], params_for(path))
