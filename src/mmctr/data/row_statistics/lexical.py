"""Words that the titles of target and history share."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from mmctr.data.row_statistics.pooling import pool
from mmctr.data.row_statistics.rows import HistoryRows
from mmctr.data.row_statistics.sparse_sets import sparse_cosines

_LEAST_TITLES = 2


class TitleWords:
    """The words of every item's title, weighted by tf-idf, and its first word."""

    def __init__(self, titles: Sequence[str], in_train: np.ndarray) -> None:
        """Learn the vocabulary and its weights from items of train.

        Args:
            titles: ``n_items`` titles, item i + 1 at place i.
            in_train: ``[n_items + 1]`` bool, the items that train has.
        """
        # scikit-learn takes a second to import.
        from sklearn.feature_extraction.text import TfidfVectorizer

        known = [title for title, use in zip(titles, in_train[1:], strict=True) if use]
        vectorizer = TfidfVectorizer(
            sublinear_tf=True, min_df=_LEAST_TITLES, dtype=np.float32
        )
        self.weights: sparse.csr_matrix | None = None
        """``[n_items + 1, words]`` float32, rows of length 1; None without words."""
        try:
            vectorizer.fit(known)
        except ValueError:  # no word is in two titles
            self.first_word = np.zeros(len(titles) + 1, np.int64)
            return
        weights = vectorizer.transform(titles)
        padding = sparse.csr_matrix((1, weights.shape[1]), dtype=np.float32)
        self.weights = sparse.vstack([padding, weights]).tocsr()
        first = [" ".join(title.lower().split()[:1]) for title in titles]
        _, numbers = np.unique(first, return_inverse=True)
        has_word = np.array([bool(word) for word in first], bool)
        self.first_word = np.concatenate([[0], (numbers + 1) * has_word])
        """``[n_items + 1]`` int64, number of the title's first word, often a brand;
        0 without a title."""

    def statistics(self, rows: HistoryRows) -> dict[str, np.ndarray]:
        """Compute the statistics of kind ``lexical``.

        Args:
            rows: ``R`` rows.

        Returns:
            ``[R]`` float32 each, NaN without history: ``words_*``, the pooled cosines
            of tf-idf weights; ``first_word_*``, whether the first words are the same,
            pooled. None where no word is in two titles.
        """
        if self.weights is None:
            return {}
        words, history = self.first_word, rows.contexts.history
        own, others = rows.pairs(words[rows.items], words[history])
        same = (own > 0) & (own == others)
        return pool(
            rows,
            {
                "words": sparse_cosines(rows, self.weights),
                "first_word": same.astype(np.float32),
            },
        )
