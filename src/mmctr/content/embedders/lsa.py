"""Titles to vectors by latent semantic analysis: TF-IDF and a truncated SVD."""

from collections.abc import Sequence
from importlib.metadata import version as package_version

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from mmctr.content.embedders.params import LsaParams
from mmctr.content.embedders.protocol import EmbeddingUsage


class LsaEmbedder:
    """Latent semantic analysis (Deerwester et al., 1990), fitted on what it embeds.

    A vector therefore depends on all texts of the call: two calls share no space, and
    its vectors can't be cached text by text. A text none of whose words were kept gets
    the zero vector.
    """

    def __init__(self, params: LsaParams, *, seed: int) -> None:
        """Take the settings.

        Args:
            params: Width and vocabulary.
            seed: Seed of the randomised SVD.
        """
        self._params = params
        self._seed = seed

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Fit on the texts and embed them.

        Args:
            texts: ``n`` texts with at least two different words in all.

        Returns:
            Vectors ``[n, d]`` float32; ``d`` is the width asked for, or one less than
            the number of texts or words where that is lower.

        Raises:
            ValueError: If there are fewer than two texts or words.
        """
        # The default pattern drops words of one letter: "Q" would have no vector.
        vectorizer = TfidfVectorizer(
            # A pattern of words, no password.
            token_pattern=r"(?u)\b\w+\b",  # nosec B106
            max_features=self._params.max_features,
            sublinear_tf=True,
            dtype=np.float32,
        )
        try:
            weights = vectorizer.fit_transform(texts)
            n_words = weights.shape[1]
        except ValueError:  # no word at all
            n_words = 0
        if len(texts) < 2 or n_words < 2:
            raise ValueError(
                f"embedding.provider lsa needs two different titles and words at "
                f"least, here are {len(texts)} and {n_words}: choose another provider"
            )
        width = min(self._params.dimensions, len(texts) - 1, n_words - 1)
        svd = TruncatedSVD(n_components=width, random_state=self._seed)
        return svd.fit_transform(weights).astype(np.float32)

    def version(self) -> str:
        """Name the width asked for, vocabulary, seed and package."""
        return (
            f"lsa/width-{self._params.dimensions}/words-{self._params.max_features}"
            f"/seed-{self._seed}/scikit-learn-{package_version('scikit-learn')}"
        )

    def usage(self) -> EmbeddingUsage:
        """Nothing is cut and nothing is sent."""
        return EmbeddingUsage()
