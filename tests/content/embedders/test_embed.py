"""Titles to unit vectors: policy, order, norms, report."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.content.embedders import embed
from mmctr.content.embedders.embed import embed_modalities, embed_texts
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.embedders.protocol import EmbeddingUsage
from mmctr.content.vectors import ModalityParams


class RecordingEmbedder:
    """Remembers its texts; a vector is a function of its text."""

    depends_on = "text"

    def __init__(self, scale: float = 1.0) -> None:
        self.calls: list[list[str]] = []
        self.scale = scale

    def __call__(self, settings, context):
        """In the place of the provider's class."""
        return self

    def embed(self, texts):
        self.calls.append(list(texts))
        rows = [[self.scale * sum(map(ord, t)), self.scale * len(t)] for t in texts]
        return np.array(rows, dtype=np.float32), EmbeddingUsage(cut_titles=3)

    def version(self):
        return "recording/1"


@pytest.fixture
def recorder(monkeypatch) -> RecordingEmbedder:
    """Stands in for the provider."""
    recorder = RecordingEmbedder()
    found = SimpleNamespace(load=lambda name: recorder)
    monkeypatch.setattr(embed, "TEXT_PROVIDER", found)
    return recorder


def test_one_vector_for_all_titles_is_refused(recorder):
    """Whichever embedder it is; a few titles may well be equal to it."""
    alike = [f"title {a}{7 - a}" for a in range(7)]
    assert len(set(map(tuple, embed_texts(alike, EmbeddingParams())[0]))) == 1
    with pytest.raises(ValueError, match=r"recording/1 gives all 8 different texts"):
        embed_texts([*alike, "title 70"], EmbeddingParams())


def test_equal_titles_are_embedded_once(recorder):
    """Surrounding space makes no difference; case does."""
    titles = ["b", "a", " b\n", "A", "", "a", None, "\t "]
    vectors, report = embed_texts(titles, EmbeddingParams())
    assert recorder.calls == [["b", "a", "A"]]
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_array_equal(vectors[1], vectors[5])
    assert not np.array_equal(vectors[1], vectors[3])
    np.testing.assert_array_equal(vectors[[4, 6, 7]], 0)
    assert report.version == "recording/1"
    assert (report.rows, report.width, report.cut_titles) == (8, 2, 3)
    assert (report.unique_titles, report.empty_titles, report.zero_rows) == (3, 3, 3)


def test_modalities_of_this_machine_are_embedded_each_by_itself(recorder):
    modality = ModalityParams(column="x")
    texts = {"title": (["b", "a"], modality), "words": (["c", "a"], modality)}
    found = embed_modalities(texts, EmbeddingParams())
    assert recorder.calls == [["b", "a"], ["c", "a"]]
    assert found["words"][1].embedded_with == []


def test_placeholder_for_empty_titles(recorder):
    """Empty titles share the placeholder's vector, and no row is zero."""
    params = EmbeddingParams(empty_title="placeholder", placeholder=" none ")
    vectors, report = embed_texts(["a", "", None, "none"], params)
    assert recorder.calls == [["a", "none"]]
    np.testing.assert_array_equal(vectors[1], vectors[2])
    np.testing.assert_array_equal(vectors[1], vectors[3])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (report.empty_titles, report.zero_rows) == (2, 0)
    assert report.empty_title == "placeholder"


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e30])
def test_rows_have_length_one_at_any_scale(recorder, scale):
    """Squares of such numbers would overflow or vanish in float32."""
    recorder.scale = scale
    titles = ["", *(f"title {i}" for i in range(9000)), ""]  # more than one step
    vectors, report = embed_texts(titles, EmbeddingParams())
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[1:-1], axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(vectors[[0, -1]], 0)
    assert report.zero_rows == 2


@settings(deadline=None, max_examples=30)
@given(titles=st.lists(st.text("ab \n", max_size=4), min_size=1, max_size=12))
def test_a_row_depends_on_its_title_alone(titles):
    """Row i is what title i gets alone, whatever is around it."""
    with pytest.MonkeyPatch.context() as patch:
        found = SimpleNamespace(load=lambda name: RecordingEmbedder())
        patch.setattr(embed, "TEXT_PROVIDER", found)
        if not any(title.strip() for title in titles):
            with pytest.raises(ValueError, match="titles are empty"):
                embed_texts(titles, EmbeddingParams())
            return
        vectors, report = embed_texts(titles, EmbeddingParams())
        assert vectors.shape == (len(titles), 2)
        for title, vector in zip(titles, vectors, strict=True):
            alone, _ = embed_texts([title, "anchor"], EmbeddingParams())
            np.testing.assert_array_equal(vector, alone[0])
        assert report.zero_rows == report.empty_titles


def test_non_finite_vector_names_row_and_title(recorder):
    """The first row that uses the vector, of all items."""
    vectors = np.array([[1.0], [np.nan]], dtype=np.float32)
    recorder.embed = lambda texts: (vectors, EmbeddingUsage())
    with pytest.raises(ValueError, match="row 2 .*'broken one'"):
        embed_texts(["good", "good", "broken one"], EmbeddingParams())


@pytest.mark.parametrize("shape", [(3, 2), (2,)])
def test_wrong_number_of_vectors(recorder, shape):
    """A provider must answer every title."""
    vectors = np.ones(shape, dtype=np.float32)
    recorder.embed = lambda texts: (vectors, EmbeddingUsage())
    with pytest.raises(ValueError, match="recording/1 .*one row per title"):
        embed_texts(["a", "b"], EmbeddingParams())


@pytest.mark.parametrize(
    ("titles", "complaint"), [([], "no rows"), (["", None], "all 2 titles are empty")]
)
def test_nothing_to_embed(recorder, titles, complaint):
    """No width can be known without a text."""
    with pytest.raises(ValueError, match=complaint):
        embed_texts(titles, EmbeddingParams())


def test_all_titles_empty_but_a_placeholder(recorder):
    """Then there is a text."""
    params = EmbeddingParams(empty_title="placeholder")
    vectors, _ = embed_texts(["", None], params)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_lsa_end_to_end():
    """A seeded provider without a model; a title without a word stays a zero row."""
    params = EmbeddingParams(provider="lsa", lsa={"dimensions": 2}, seed=3)
    titles = ["red car", "blue car", "red boat", "???", ""]
    first, report = embed_texts(titles, params)
    second, _ = embed_texts(titles, params)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(
        np.linalg.norm(first, axis=1), [1, 1, 1, 0, 0], atol=1e-6
    )
    assert (report.zero_rows, report.empty_titles) == (2, 1)


def test_import_is_light():
    """The catalog must not wait for torch."""
    code = (
        "import sys, mmctr.content.embedders;"
        "heavy = {'torch', 'sentence_transformers', 'openai', 'sklearn', 'kedro'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
