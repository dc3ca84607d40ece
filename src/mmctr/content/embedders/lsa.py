"""Titles to vectors by latent semantic analysis: TF-IDF and a truncated SVD."""

import logging
from collections.abc import Sequence
from importlib.metadata import version as package_version

import numpy as np
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from mmctr.content.embedders.params import LsaParams
from mmctr.content.embedders.protocol import EmbedderContext, EmbeddingUsage

logger = logging.getLogger(__name__)


_MANY_ALONE = 0.2


def _warn_of_texts_alone(weights: sparse.csr_matrix) -> None:
    """Say how many texts share no word with another, if these are many.

    Args:
        weights: ``[texts, words]``.
    """
    texts_of_word = np.bincount(weights.indices, minlength=weights.shape[1])
    shared = np.zeros(weights.shape[0], bool)
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    shared[rows[texts_of_word[weights.indices] > 1]] = True
    alone = 1 - float(shared.mean())
    if alone > _MANY_ALONE:
        logger.warning(
            "lsa compares texts by their words, and %.0f %% of %s texts share no word "
            "with another (a language without spaces?): chance decides which vectors "
            "these are near; --params embedding.provider=sentence_transformers or "
            "openai reads them",
            100 * alone,
            f"{weights.shape[0]:,}",
        )


class LsaEmbedder:
    """Latent semantic analysis (Deerwester et al., 1990), fitted on what it embeds.

    Two calls share no space, so its vectors can't be cached. A text with no word of the
    vocabulary gets the zero vector.
    """

    depends_on = "all_texts"

    def __init__(self, params: LsaParams, context: EmbedderContext) -> None:
        """Take the settings.

        Args:
            params: Width and vocabulary.
            context: The seed is that of the randomised SVD.
        """
        self._params = params
        self._seed = context.seed

    def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, EmbeddingUsage]:
        """Fit on the texts and embed them.

        Args:
            texts: ``n`` texts with at least two different words in all.

        Returns:
            Vectors ``[n, d]`` float32 and an empty usage; ``d`` is the width asked for,
            or one less than the number of texts or words where that is lower.

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
                "embedding.provider lsa needs at least two different titles and words, "
                f"got {len(texts)} and {n_words}: choose another provider"
            )
        most = min(len(texts), n_words) - 1
        width = min(self._params.dimensions, most)
        if width < most:
            # Otherwise each text that shares no word has a direction of its own.
            _warn_of_texts_alone(weights)
        svd = TruncatedSVD(n_components=width, random_state=self._seed)
        return svd.fit_transform(weights).astype(np.float32), EmbeddingUsage()

    def version(self) -> str:
        """Name the width asked for, vocabulary, seed and package."""
        return (
            f"lsa/width-{self._params.dimensions}/words-{self._params.max_features}"
            f"/seed-{self._seed}/scikit-learn-{package_version('scikit-learn')}"
        )
