"""An embedder of one's own is checked, and what is wrong is said."""

import itertools

import numpy as np
import pytest
from own_embedders import LengthEmbedder

from mmctr import check_embedder
from mmctr.runtime.extensions import CheckError


class Own(LengthEmbedder):
    """As it should be."""

    def change(self, vectors: np.ndarray) -> np.ndarray:
        return vectors

    def embed(self, texts):
        vectors, usage = super().embed(texts)
        return self.change(vectors), usage


@pytest.mark.parametrize("name", ["lsa", "own_embedders:LengthEmbedder"])
def test_it_passes(name):
    check_embedder(name, {"dimensions": 4} if name == "lsa" else {"width": 3})


class Centred(Own):
    """Depends on the batch."""

    def change(self, vectors):
        return vectors - vectors.mean(axis=0)


class Reversed(Own):
    """Loses the order."""

    def embed(self, texts):
        vectors, usage = super().embed(sorted(texts))
        return vectors, usage


class Double(Own):
    """Gives float64."""

    def change(self, vectors):
        return vectors.astype(np.float64)


class Listed(Own):
    """Gives no array."""

    def change(self, vectors):
        return vectors.tolist()


class Fewer(Own):
    """Leaves a text out."""

    def change(self, vectors):
        return vectors[1:]


class Infinite(Own):
    """Divides by zero."""

    def change(self, vectors):
        return np.where(vectors == 1, np.inf, vectors).astype(np.float32)


class Constant(Own):
    """Reads nothing."""

    def change(self, vectors):
        return np.ones_like(vectors)


class Random(Own):
    """Draws anew."""

    def change(self, vectors):
        rng = np.random.default_rng()
        return rng.normal(size=vectors.shape).astype(np.float32)


class Alone(Own):
    """Gives vectors alone."""

    def embed(self, texts):
        return super().embed(texts)[0]


class Spoiling(Own):
    """Changes its input."""

    def embed(self, texts):
        texts[:] = [text.strip() for text in texts]
        texts[0] = "other"
        return super().embed(texts)


class Unversioned(Own):
    """Another version each time."""

    numbers = itertools.count()

    def version(self):
        return f"own/{next(self.numbers)}"


class Undecided(Own):
    """Says nothing that is known."""

    depends_on = "title"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Centred, "depends on the other texts"),
        (Reversed, "depends on the other texts or their order"),
        (Double, "vectors are float64"),
        (Listed, "vectors are list"),
        (Fewer, r"shape \[26, 2\], expected \[27, d\]"),
        (Infinite, "NaN or infinity"),
        (Constant, "all texts have the same vector"),
        (Random, "two of the same settings and seed"),
        (Alone, "no pair of vectors and EmbeddingUsage"),
        (Spoiling, "changes the list of texts"),
        (Unversioned, r"version\(\) differs"),
        (Undecided, "depends_on is 'title', expected one of text, all_texts, row"),
        (dict, "it lacks depends_on, embed, version"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(CheckError, match=message):
        check_embedder(wrong)
