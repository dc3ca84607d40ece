"""Calibration, the ROC curve and slices of one split."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mmctr.evaluation.intervals import percentile_interval
from mmctr.evaluation.metrics import binary_entropy, row_losses
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.parts import RowSlice, equal_parts, slice_rows
from mmctr.evaluation.resampling import UserRows
from mmctr.evaluation.weighted import Measure, UserRatio, WeightedRoc

GRID = np.linspace(0.0, 1.0, 101)
"""False positive rates that curves are given at."""

_MEANS = ("click_rate", "mean_probability", "logloss", "ne")
Drawn = Mapping[Any, NDArray[np.float64]]


def point_value(value: Any) -> float | None:
    """Turn NaN into None, for JSON."""
    return None if np.isnan(value) else float(value)


@dataclass(frozen=True)
class DetailMeasures:
    """The details of one split as measures to resample."""

    rows: UserRows
    probabilities: NDArray[np.float64]
    bins: NDArray[np.int64]
    """Number of each row's calibration bin ``[R]``."""
    slices: list[RowSlice]
    shares: list[UserRatio]
    """Share of each slice's pairs that are ordered right."""
    measures: dict[Any, Measure]
    params: EvaluationParams

    @classmethod
    def prepare(
        cls,
        rows: UserRows,
        probabilities: NDArray[np.float64],
        *,
        cold: NDArray[np.bool_],
        history_lengths: NDArray[Any],
        train_clicks: NDArray[Any],
        params: EvaluationParams,
    ) -> Self:
        """Cut the rows into bins and slices and prepare a measure of each.

        Args:
            rows: Labels, users and groups.
            probabilities: ``[R]`` in 0..1.
            cold: Whether the target is not in train ``[R]``.
            history_lengths: Items in the history ``[R]``.
            train_clicks: Clicks of the target in train ``[R]``.
            params: Bins.
        """
        labels = rows.labels.astype(np.float64)
        bins = equal_parts(probabilities, params.ece_bins)
        slices = slice_rows(cold, history_lengths, train_clicks)
        rate = rows.mean(labels)
        loss = rows.mean(row_losses(rows.labels, probabilities))
        measures: dict[Any, Measure] = {
            "click_rate": rate,
            "mean_probability": rows.mean(probabilities),
            "logloss": loss,
            "ne": lambda counts: loss(counts) / binary_entropy(float(rate(counts))),
            "bins": rows.mean(labels, bins),
            "roc": _roc(rows, probabilities),
        }
        shares = [rows.pair_share(probabilities, each.rows) for each in slices]
        for number, each in enumerate(slices):
            measures["slice auc", number] = rows.auc(probabilities, each.rows)
            measures["slice pairs", number] = shares[number]
        return cls(rows, probabilities, bins, slices, shares, measures, params)

    def describe(
        self, drawn: Drawn, baselines: Mapping[str, NDArray[np.float64] | None]
    ) -> dict[str, object]:
        """Write the details for JSON.

        Args:
            drawn: The measures' values on every resample.
            baselines: Scores ``[R]`` for their ROC curves; None: no such baseline.

        Returns:
            See :class:`mmctr.evaluation.report.Evaluation`.
        """
        return {
            "rows": len(self.rows.labels),
            "users": self.rows.n_users,
            "resamples": self.params.resamples,
            "confidence": self.params.confidence,
            "min_pairs": self.params.min_clean_cold_pairs,
            **{
                name: {
                    "value": self._value(name),
                    "interval": self._interval(drawn[name]),
                }
                for name in _MEANS
            },
            "calibration": [
                self._describe_bin(number, drawn["bins"][:, number])
                for number in np.unique(self.bins)
            ],
            "roc": self._describe_roc(drawn["roc"], baselines),
            "slices": [
                self._describe_slice(number, each, drawn)
                for number, each in enumerate(self.slices)
            ],
        }

    def _describe_bin(
        self, number: int, drawn: NDArray[np.float64]
    ) -> dict[str, object]:
        inside = self.bins == number
        probabilities = self.probabilities[inside]
        return {
            "rows": int(inside.sum()),
            "lowest": float(probabilities.min()),
            "highest": float(probabilities.max()),
            "mean_probability": self._mean(self.probabilities, inside),
            "click_rate": self._mean(self.rows.labels, inside),
            "interval": self._interval(drawn),
        }

    def _describe_roc(
        self, drawn: NDArray[np.float64], baselines: Mapping[str, Any]
    ) -> dict[str, object]:
        ends = [self._interval(column) or (None, None) for column in drawn.T]

        def curve(scores: NDArray[np.float64]) -> list[float | None]:
            roc = _roc(self.rows, scores)
            return [point_value(rate) for rate in roc(np.ones(self.rows.n_users))]

        return {
            "false_positive_rate": GRID.round(4).tolist(),
            "true_positive_rate": curve(self.probabilities),
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
            "baselines": {
                name: None if scores is None else curve(scores)
                for name, scores in baselines.items()
            },
        }

    def _describe_slice(
        self, number: int, part: RowSlice, drawn: Drawn
    ) -> dict[str, object]:
        area, share = ("slice auc", number), ("slice pairs", number)
        labels = self.rows.labels[part.rows]
        pairs = self.rows.count_pairs(part.rows)
        enough = pairs >= self.params.min_clean_cold_pairs
        return {
            "kind": part.kind,
            "name": part.name,
            "rows": len(labels),
            "clicks": int(labels.sum()),
            "users": len(np.unique(self.rows.users[part.rows])),
            "click_rate": self._mean(self.rows.labels, part.rows),
            "mean_probability": self._mean(self.probabilities, part.rows),
            "auc": self._value(area),
            "auc_interval": self._interval(drawn[area]),
            "pairs": pairs,
            "pair_auc": self._value(share) if enough else None,
            "pair_auc_interval": self._interval(drawn[share]) if enough else None,
        }

    def _mean(self, values: NDArray[Any], part: NDArray[np.bool_]) -> float:
        weights = self.rows.weights_of(part)
        return float(np.average(values[part], weights=weights))

    def _value(self, key: Any) -> float | None:
        """Compute a measure of the rows as they are."""
        return point_value(self.measures[key](np.ones(self.rows.n_users)))

    def _interval(self, values: NDArray[np.float64]) -> list[float] | None:
        return percentile_interval(values, self.params.confidence)


def _roc(rows: UserRows, scores: NDArray[np.float64]) -> WeightedRoc:
    return WeightedRoc.prepare(rows.labels, scores, rows.users, GRID, rows.weights)
