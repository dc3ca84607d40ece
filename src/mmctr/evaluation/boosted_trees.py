"""Boosted trees on numbers of a row: a baseline that is strong and cheap to train."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmctr.evaluation.inputs import check_length, checked_labels
from mmctr.evaluation.negative_sampling import undo_negative_sampling
from mmctr.evaluation.params import BoostedTreesParams

if TYPE_CHECKING:  # a second to import
    from lightgbm import Booster


class FittedTrees(NamedTuple):
    """Trees, and what they used."""

    booster: "Booster"
    best_round: int
    """Trees that are kept: those of the best logloss on valid."""
    gain: dict[str, float]
    """Column -> its share of the whole gain, the largest first; all 0 where no tree
    has a split."""
    negative_keep: float = 1.0
    """Share of the negatives that train's rows are a draw of."""

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give the probability of each row: ``[R, C]`` -> ``[R]``."""
        if not len(features):  # LightGBM refuses no rows
            return np.zeros(0)
        scores = self.booster.predict(features, num_iteration=self.best_round)
        return undo_negative_sampling(
            np.asarray(scores, np.float64), self.negative_keep
        )


def draw_groups(groups: ArrayLike, max_rows: int, seed: int) -> NDArray[np.int64]:
    """Choose rows of whole groups, drawn at random until the next one does not fit.

    Taking every n-th row would be no fair sample: where n is the size of all groups,
    and each begins with its positive row, it would hold one class.

    Args:
        groups: ``[R]`` int64.
        max_rows: Most rows; one group is kept even if it alone has more.
        seed: Seed of the draw.

    Returns:
        Chosen rows, ascending; all of them if there are no more than ``max_rows``.
    """
    values = np.asarray(groups)
    if len(values) <= max_rows:
        return np.arange(len(values))
    _, codes, sizes = np.unique(values, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sizes))
    count = np.searchsorted(np.cumsum(sizes[order]), max_rows, side="right")
    is_drawn = np.zeros(len(sizes), bool)
    is_drawn[order[: max(count, 1)]] = True
    return np.flatnonzero(is_drawn[codes])


def fit_trees(
    features: NDArray[np.float32],
    labels: ArrayLike,
    valid_features: NDArray[np.float32],
    valid_labels: ArrayLike,
    columns: Sequence[str],
    params: BoostedTreesParams,
    *,
    seed: int,
    threads: int = 1,
    weights: NDArray[np.float32] | None = None,
    negative_keep: float = 1.0,
    categories: Sequence[str] = (),
) -> FittedTrees:
    """Fit trees, as many as valid's logloss falls.

    The same rows and seed give the same trees, whatever the number of threads.

    Args:
        features: Train ``[N, C]`` float32; NaN where a number is not known.
        labels: ``[N]`` of 0 and 1.
        valid_features: ``[V, C]`` float32.
        valid_labels: ``[V]`` of 0 and 1.
        columns: Names of the ``C`` columns.
        params: Size and number of trees.
        seed: Seed of the columns that each tree may use.
        threads: Threads to train with; 0: as many as OpenMP takes.
        weights: How much each train row counts ``[N]``; None: all the same.
        negative_keep: Share of the negatives that train's rows are a draw of; valid has
            all of its own, and its logloss is that of corrected probabilities.
        categories: Which columns hold codes in no order.

    Returns:
        The trees.

    Raises:
        ValueError: If train holds one class only, a label is not 0/1, or lengths
            differ.
    """
    from lightgbm import Dataset, early_stopping, train

    y, valid_y = checked_labels(labels), checked_labels(valid_labels)
    check_length("labels", y, len(features))
    check_length("valid_labels", valid_y, len(valid_features))
    classes = np.unique(y).tolist()
    if classes != [0, 1]:
        raise ValueError(
            f"train: labels must hold both 0 and 1 to fit boosted trees, but column "
            f"'label' of the {len(y)} rows holds {classes} and nothing else; look at "
            f"the labels of the source."
        )
    not_its_own = {"max_rounds", "max_rows", "early_stopping_rounds"}
    settings = {
        **params.model_dump(exclude=not_its_own),
        "objective": "binary",
        "metric": "binary_logloss",
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    rows = Dataset(
        features,
        y,
        weight=weights,
        params=settings,
        categorical_feature=[columns.index(name) for name in categories],
    )
    corrected = np.full(len(valid_y), math.log(negative_keep))
    booster = train(
        settings,
        rows,
        num_boost_round=params.max_rounds,
        valid_sets=[
            Dataset(
                valid_features,
                valid_y,
                reference=rows,
                init_score=corrected if negative_keep < 1 else None,
            )
        ],
        callbacks=[early_stopping(params.early_stopping_rounds, verbose=False)],
    )
    best = booster.best_iteration
    gains = booster.feature_importance("gain", iteration=best)
    shares = gains / (gains.sum() or 1.0)
    order = np.argsort(-shares, kind="stable")
    gain = {columns[place]: float(shares[place]) for place in order}
    return FittedTrees(booster, best, gain, negative_keep)
