"""How good predictions are: metrics, slices, baselines and intervals.

Needs numpy and pydantic only; nothing here imports torch, pandas or Kedro.
"""

from mmctr.evaluation.audit import AuditedRows, audit_splits
from mmctr.evaluation.baselines import (
    item_only_scores,
    last_title_similarity,
    max_title_similarity,
    popularity_scores,
)
from mmctr.evaluation.details import evaluate_details
from mmctr.evaluation.intervals import (
    PairedIntervals,
    detectable_difference,
    difference_intervals,
    metric_intervals,
    own_intervals,
    paired_intervals,
    percentile_interval,
)
from mmctr.evaluation.metrics import (
    GroupPairs,
    auc,
    expected_calibration_error,
    gauc,
    group_pairs,
    logloss,
    normalized_entropy,
)
from mmctr.evaluation.multiple_tests import holm_adjust, resampled_p_value
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.parts import RowSlice, equal_parts, slice_rows
from mmctr.evaluation.report import (
    EvaluatedRows,
    TrainRows,
    baseline_scores,
    evaluate,
)
from mmctr.evaluation.resampling import (
    ResampledMetrics,
    WeightedAuc,
    resample_metrics,
    user_draws,
)
from mmctr.evaluation.slices import clean_cold_auc, unseen_in_train, warm_auc

__all__ = [
    "AuditedRows",
    "EvaluatedRows",
    "EvaluationParams",
    "GroupPairs",
    "PairedIntervals",
    "ResampledMetrics",
    "RowSlice",
    "TrainRows",
    "WeightedAuc",
    "auc",
    "audit_splits",
    "baseline_scores",
    "clean_cold_auc",
    "detectable_difference",
    "difference_intervals",
    "equal_parts",
    "evaluate",
    "evaluate_details",
    "expected_calibration_error",
    "gauc",
    "group_pairs",
    "holm_adjust",
    "item_only_scores",
    "last_title_similarity",
    "logloss",
    "max_title_similarity",
    "metric_intervals",
    "normalized_entropy",
    "own_intervals",
    "paired_intervals",
    "percentile_interval",
    "popularity_scores",
    "resample_metrics",
    "resampled_p_value",
    "slice_rows",
    "unseen_in_train",
    "user_draws",
    "warm_auc",
]
